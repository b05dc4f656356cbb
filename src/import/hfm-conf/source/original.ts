import type { Note, Tell } from '../../draft/note.ts';
import { type Command, readCommand, readSetting, type Settings } from './original-keys.ts';
import type { UclMember, UclObject } from './ucl-node.ts';

/** One rule of the original hfm with all that it inherits. */
export interface OriginalRule {
  /** Its groups and its own name; empty for a test that stands outside of any braces. */
  readonly path: readonly string[];
  readonly line: number;
  readonly settings: Settings;
  readonly test: Command;
  readonly changeFail: Command | null;
  readonly changeSuccess: Command | null;
  /** What was found wrong while reading it. */
  readonly notes: readonly Note[];
}

export interface Original {
  readonly rules: readonly OriginalRule[];
  /** Of what is in no rule. */
  readonly notes: readonly Note[];
}

/** As the original's log names a rule. */
export function ruleName(path: readonly string[]): string {
  return path.length === 0 ? 'default' : path.join('/');
}

/**
 * Finds the rules: an object with `test` is one, all others are groups. Keys are not case-sensitive.
 * The original's README.md, "Layout" and "Configuration Values".
 */
export function readOriginal(root: UclObject): Original {
  const rules: OriginalRule[] = [];
  const notes: Note[] = [];

  function walk(object: UclObject, path: readonly string[], groups: readonly Settings[]): void {
    const name = path.length === 0 ? null : ruleName(path);
    const found: Note[] = [];
    const tell: Tell = (kind, line, message) => found.push({ kind, line, rule: name, message });
    const members = object.members.flatMap((member) => single(member, tell));
    const inner = members.filter(isGroup);
    const keys = new Map(
      members
        .filter((member) => !isGroup(member))
        .map((member) => [member.key.toLowerCase(), member]),
    );
    const own = readSettings(keys, tell);
    const test = readCommand(keys, 'test', tell);
    if (test !== null) {
      for (const { key, at } of inner) {
        tell(
          'lost',
          at.line,
          `"${key}" stands inside a rule, where the original reads no more rules`,
        );
      }
      rules.push({
        path,
        line: object.at.line,
        test,
        changeFail: readCommand(keys, 'change_fail', tell),
        changeSuccess: readCommand(keys, 'change_success', tell),
        settings: inheritSettings(own, groups),
        notes: found,
      });
      return;
    }
    for (const key of COMMAND_KEYS) {
      const member = keys.get(key);
      if (member !== undefined) {
        tell(
          'lost',
          member.at.line,
          `${key} stands in a group, which the original does not pass on`,
        );
      }
    }
    notes.push(...found);
    for (const { key, values } of inner) {
      if (values[0].kind === 'object') walk(values[0], [...path, key], [own, ...groups]);
    }
  }

  walk(root, [], []);
  return { rules, notes };
}

const COMMAND_KEYS = [
  'test_arguments',
  'change_fail',
  'change_fail_arguments',
  'change_success',
  'change_success_arguments',
];

/**
 * libucl makes a list of what stands under a repeated key, and the original sees its head. Groups
 * are carried over all the same: whoever wrote them meant all of them.
 */
function single(member: UclMember, tell: Tell): UclMember[] {
  const [head, ...more] = member.values;
  const where = `"${member.key}" is here once more, after line ${member.at.line}`;
  const groups: UclMember[] = [];
  for (const value of more) {
    if (value.kind === 'object') {
      tell('look', value.at.line, `${where}; the original runs the first only, hfm has them all`);
      groups.push({ ...member, at: value.at, values: [value] });
    } else tell('lost', value.at.line, `${where}; the original reads the first only`);
  }
  return [{ ...member, values: [head] }, ...groups];
}

function isGroup({ values }: UclMember): boolean {
  return values[0].kind === 'object';
}

function readSettings(keys: ReadonlyMap<string, UclMember>, tell: Tell): Settings {
  const settings: Record<string, unknown> = {};
  for (const [key, member] of keys) {
    if (key === 'test' || COMMAND_KEYS.includes(key)) continue;
    const setting = readSetting(key, member, tell);
    if (setting !== null) settings[setting.key] = setting.value;
  }
  return settings as Settings;
}

/**
 * The rule's own value, else the nearest group's. A zero in a group counts as not said there, as in
 * the original.
 */
function inheritSettings(own: Settings, groups: readonly Settings[]): Settings {
  const passed = groups.map((group) =>
    Object.fromEntries(Object.entries(group).filter(([, setting]) => setting.value !== 0)),
  );
  return Object.assign({}, ...passed.toReversed(), own);
}
