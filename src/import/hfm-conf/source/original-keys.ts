import type { AddNote } from '../../draft/note.ts';
import type { UclMember, UclNode } from './ucl-node.ts';
import { parseNumber } from './ucl-scalar.ts';

/** A value and the line that sets it. */
export interface Setting<T> {
  readonly value: T;
  readonly line: number;
}

/** What groups pass on to the rules in them. Times are in milliseconds; 0 is the original's "none". */
export interface Settings {
  readonly status?: Setting<Status>;
  readonly interval?: Setting<number>;
  readonly interval_fail?: Setting<number>;
  readonly start_delay?: Setting<number>;
  readonly timeout_int?: Setting<number>;
  readonly timeout_kill?: Setting<number>;
  readonly runs?: Setting<number>;
  readonly change_fail_debounce?: Setting<number>;
  readonly change_success_debounce?: Setting<number>;
}

export type Status = (typeof STATUSES)[number];

/** A program and its arguments, as the original runs it: without a shell. */
export interface Command {
  readonly argv: readonly string[];
  readonly line: number;
}

const STATUSES = ['enabled', 'disabled', 'always-fail', 'always-success'] as const;
const TIMES = ['interval', 'interval_fail', 'start_delay', 'timeout_int', 'timeout_kill'];
const COUNTS = ['runs', 'change_fail_debounce', 'change_success_debounce'];

/** Reads a key that groups pass on; null with a note when the key or its value is wrong. */
export function readSetting(
  name: string,
  { at: { line }, values: [node] }: UclMember,
  addNote: AddNote,
): { key: string; value: Setting<unknown> } | null {
  // The key's name before 2016.
  const key = name === 'fail_interval' ? 'interval_fail' : name;
  if (key === 'status') {
    const status = STATUSES.find(
      (one) => node.kind === 'string' && one === node.text.toLowerCase(),
    );
    if (status !== undefined) return { key, value: { value: status, line } };
    addNote('lost', line, `status = ${shown(node)}, expected one of ${STATUSES.join(', ')}`);
    return null;
  }
  if (!TIMES.includes(key) && !COUNTS.includes(key)) {
    addNote('lost', line, `the original documents no key "${name}"`);
    return null;
  }
  const number = numberOf(node);
  const whole = !COUNTS.includes(key) || Number.isInteger(number?.value);
  if (number === null || number.value < 0 || !whole) {
    addNote('lost', line, `${key} = ${shown(node)}, expected a number`);
    return null;
  }
  if (COUNTS.includes(key)) return { key, value: { value: number.value, line } };
  if (node.kind === 'string')
    addNote('look', line, `${key} is in quotes, which the original refuses`);
  if (number.unit === 'size') {
    addNote(
      'look',
      line,
      `the original reads ${key} = ${number.raw} as ${number.value}s; a minute is "min"`,
    );
  }
  return { key, value: { value: number.value * 1000, line } };
}

/** Reads the command of `NAME` and `NAME_arguments`; null when there is no `NAME`. */
export function readCommand(
  keys: ReadonlyMap<string, UclMember>,
  name: 'test' | 'change_fail' | 'change_success',
  addNote: AddNote,
): Command | null {
  const member = keys.get(name);
  if (member === undefined) return null;
  const { line } = member.at;
  const [program] = texts(name, member, addNote);
  const list = keys.get(`${name}_arguments`);
  if (program === undefined) return null;
  const args = list === undefined ? [] : texts(`${name}_arguments`, list, addNote);
  // Before 2016 each command was shell text. Today the original would not find such a program.
  const isShellText = list === undefined && /\s/.test(program.trim());
  const argv = isShellText ? ['/bin/sh', '-c', program] : [program, ...args];
  noteVariables(argv, line, addNote);
  return { argv, line };
}

/** A string or an array of them. */
function texts(key: string, { values: [node] }: UclMember, addNote: AddNote): string[] {
  const nodes = node.kind === 'array' && key.endsWith('_arguments') ? node.items : [node];
  return nodes.flatMap((item) => {
    const { line } = item.at;
    if (item.kind === 'string') return [item.text];
    if (item.kind === 'object' || item.kind === 'array') {
      addNote('lost', line, `${key} holds ${shown(item)}, expected a string`);
      return [];
    }
    addNote('look', line, `${key} holds ${item.raw} without quotes, which the original refuses`);
    return [item.raw];
  });
}

/**
 * Notes variables that hfm does not fill in. libucl fills in two, the file's name and folder. All
 * others stay as they are, and have a meaning in shell text only.
 */
function noteVariables(argv: readonly string[], line: number, addNote: AddNote): void {
  const inShell = argv.includes('-c');
  for (const text of argv) {
    for (const [variable, name] of text.matchAll(/\$\{([A-Za-z_]\w*)\}/g)) {
      const known = name === 'CURDIR' || name === 'FILENAME';
      if (!known && inShell) continue;
      const why = known ? 'but libucl fills it in' : 'and nothing fills it in';
      addNote('look', line, `${variable} stays as it is, ${why}`);
    }
  }
}

function numberOf(node: UclNode) {
  if (node.kind === 'number') return node;
  return node.kind === 'string' ? parseNumber(node.text.trim(), node.at) : null;
}

function shown(node: UclNode): string {
  switch (node.kind) {
    case 'string':
      return JSON.stringify(node.text);
    case 'object':
      return 'a group';
    case 'array':
      return 'an array';
    default:
      return node.raw;
  }
}
