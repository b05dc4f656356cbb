/**
 * What a person should know of one thing in the original's file: `lost` is not in the result at
 * all, `look` is in it but not quite the same, `fill-in` waits for a word that only a person knows,
 * and `remark` costs nobody anything.
 */
type NoteKind = 'lost' | 'look' | 'fill-in' | 'remark';

export interface Note {
  readonly kind: NoteKind;
  /** Of the original's file, from 1; 0 when it is about no line of it. */
  readonly line: number;
  /** The rule or group as the original names it, such as `lb1/haproxy`; null for the whole file. */
  readonly rule: string | null;
  readonly message: string;
}

/** How a part of the import says something of the rule that it is about. */
export type Tell = (kind: NoteKind, line: number, message: string) => void;

export function needsPerson({ kind }: Note): boolean {
  return kind !== 'remark';
}

/** For stderr: `hfm.conf:12: lb1/haproxy: not carried over: runs = 5: ...` */
export function noteLine(file: string, { kind, line, rule, message }: Note): string {
  const place = line > 0 ? `${file}:${line}` : file;
  const parts = [place, rule, LABELS[kind].toLowerCase(), message];
  return parts.filter((part) => part !== null && part !== '').join(': ');
}

/** For the result: a TOML comment, wrapped. */
export function noteComment({ kind, line, message }: Note): string[] {
  const label = LABELS[kind] === '' ? '' : `${LABELS[kind]}: `;
  const place = line > 0 && label !== '' ? ` (line ${line})` : '';
  return comment(`${label}${message}${place}`);
}

/** Any text as TOML comment lines, the later ones indented. */
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
