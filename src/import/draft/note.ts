/**
 * What a note says about something in the original's file: `lost` is not in the result, `look` is in
 * it with a difference, `fill-in` needs a value that only a person knows, `remark` needs no action.
 */
type NoteKind = 'lost' | 'look' | 'fill-in' | 'remark';

export interface Note {
  readonly kind: NoteKind;
  /** Line of the original's file, counted from 1; 0 when the note is about no line. */
  readonly line: number;
  /** The rule or group by the original's name, such as `lb1/haproxy`; null for the whole file. */
  readonly rule: string | null;
  readonly message: string;
}

/** Adds a note about the rule that is being read. */
export type AddNote = (kind: NoteKind, line: number, message: string) => void;

export function needsPerson({ kind }: Note): boolean {
  return kind !== 'remark';
}

/** A note for stderr: `hfm.conf:12: lb1/haproxy: not carried over: runs = 5; ...` */
export function noteLine(file: string, { kind, line, rule, message }: Note): string {
  const place = line > 0 ? `${file}:${line}` : file;
  const parts = [place, rule, LABELS[kind].toLowerCase(), message];
  return parts.filter((part) => part !== null && part !== '').join(': ');
}

/** A note for the result: the lines of a wrapped TOML comment. */
export function noteComment({ kind, line, message }: Note): string[] {
  const label = LABELS[kind] === '' ? '' : `${LABELS[kind]}: `;
  const place = line > 0 && label !== '' ? ` (line ${line})` : '';
  return comment(`${label}${message}${place}`);
}

/** Wraps a text as TOML comment lines, indented from the second on. */
export function comment(text: string): string[] {
  const lines: string[] = [];
  let current = '#';
  // Control characters may not stand in a TOML comment.
  for (const word of text.split(/[\s\p{Cc}]+/u)) {
    if (current.length + 1 + word.length > WIDTH && current !== '#') {
      lines.push(current);
      current = '#  ';
    }
    current += ` ${word}`;
  }
  return [...lines, current];
}

const WIDTH = 96;

const LABELS: Readonly<Record<NoteKind, string>> = {
  lost: 'NOT CARRIED OVER',
  look: 'LOOK',
  'fill-in': 'FILL IN',
  remark: '',
};
