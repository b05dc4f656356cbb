import type { Tell } from '../../draft/note.ts';
import type { UclMember, UclNode } from './ucl-node.ts';
import { parseNumber } from './ucl-scalar.ts';

/** A value and the line that says it. */
export interface Setting<T> {
  readonly value: T;
  readonly line: number;
}

/** What a group passes on to what is inside. Times are in milliseconds; 0 is the original's "none". */
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

/** One key that groups pass on; null when it is none, or has no good value, which is told. */
export function readSetting(
  name: string,
  { at: { line }, values: [node] }: UclMember,
  tell: Tell,
): { key: string; value: Setting<unknown> } | null {
  // So it was called before 2016.
  const key = name === 'fail_interval' ? 'interval_fail' : name;
  if (key === 'status') {
    const status = STATUSES.find(
      (one) => node.kind === 'string' && one === node.text.toLowerCase(),
    );
    if (status !== undefined) return { key, value: { value: status, line } };
    tell('lost', line, `status = ${shown(node)}, expected one of ${STATUSES.join(', ')}`);
    return null;
  }
  if (!TIMES.includes(key) && !COUNTS.includes(key)) {
    tell('lost', line, `"${name}" is no key that the original documents`);
    return null;
  }
  const number = numberOf(node);
  const whole = !COUNTS.includes(key) || Number.isInteger(number?.value);
  if (number === null || number.value < 0 || !whole) {
    tell('lost', line, `${key} = ${shown(node)}, expected a number`);
    return null;
  }
  if (COUNTS.includes(key)) return { key, value: { value: number.value, line } };
  if (node.kind === 'string') tell('look', line, `${key} is in quotes, which the original refuses`);
  if (number.unit === 'size') {
    tell(
      'look',
      line,
      `${key} = ${number.raw} is ${number.value}s to the original; a minute is "min"`,
    );
  }
  return { key, value: { value: number.value * 1000, line } };
}

/** `NAME` with `NAME_arguments`; null when there is no `NAME`. */
export function readCommand(
  keys: ReadonlyMap<string, UclMember>,
  name: 'test' | 'change_fail' | 'change_success',
  tell: Tell,
): Command | null {
  const member = keys.get(name);
  if (member === undefined) return null;
  const { line } = member.at;
  const [program] = texts(name, member, tell);
  const list = keys.get(`${name}_arguments`);
  if (program === undefined) return null;
  const args = list === undefined ? [] : texts(`${name}_arguments`, list, tell);
  // Before 2016 each command was a text for the shell; today such a program would not be found.
  const isShellText = list === undefined && /\s/.test(program.trim());
  const argv = isShellText ? ['/bin/sh', '-c', program] : [program, ...args];
  tellVariables(argv, line, tell);
  return { argv, line };
}

/** A string or an array of them. */
function texts(key: string, { values: [node] }: UclMember, tell: Tell): string[] {
  const nodes = node.kind === 'array' && key.endsWith('_arguments') ? node.items : [node];
  return nodes.flatMap((item) => {
    const { line } = item.at;
    if (item.kind === 'string') return [item.text];
    if (item.kind === 'object' || item.kind === 'array') {
      tell('lost', line, `${key} holds ${shown(item)}, expected a string`);
      return [];
    }
    tell('look', line, `${key} holds ${item.raw} without quotes, which the original refuses`);
    return [item.raw];
  });
}

/**
 * libucl knows two variables by itself, the file's name and folder; all others stay as they are, so
 * that they mean something in a text for the shell only.
 */
function tellVariables(argv: readonly string[], line: number, tell: Tell): void {
  const inShell = argv.includes('-c');
  for (const text of argv) {
    for (const [variable, name] of text.matchAll(/\$\{([A-Za-z_]\w*)\}/g)) {
      const known = name === 'CURDIR' || name === 'FILENAME';
      if (!known && inShell) continue;
      const why = known ? 'libucl fills it in' : 'nothing fills it in';
      tell('look', line, `${variable} is left as it is; ${why}`);
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
