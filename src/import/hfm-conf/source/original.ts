import type { AddNote, Note } from '../../draft/note.ts';
import { type Command, readCommand, readSetting, type Settings } from './original-keys.ts';
import type { UclMember, UclObject } from './ucl-node.ts';

/** One rule of the original hfm with everything that it inherits. */
export interface OriginalRule {
  /** The names of its groups, then its own; empty for a test outside of all braces. */
  readonly path: readonly string[];
  readonly line: number;
  readonly settings: Settings;
  readonly test: Command;
  readonly changeFail: Command | null;
  readonly changeSuccess: Command | null;
  /** What reading the rule gave cause to note. */
  readonly notes: readonly Note[];
}

export interface Original {
  readonly rules: readonly OriginalRule[];
  /** Notes about what is outside of all rules. */
  readonly notes: readonly Note[];
}

/** The name of a rule in the original's log. */
export function ruleName(path: readonly string[]): string {
  return path.length === 0 ? 'default' : path.join('/');
}

/**
 * Finds the rules: an object with `test` is a rule, all others are groups. Keys are not
 * case-sensitive. Source: the original's README.md, "Layout" and "Configuration Values".
 */
export function readOriginal(root: UclObject): Original {
  const rules: OriginalRule[] = [];
  const notes: Note[] = [];

  function walk(object: UclObject, path: readonly string[], groups: readonly Settings[]): void {
    const name = path.length === 0 ? null : ruleName(path);
    const found: Note[] = [];
    const addNote: AddNote = (kind, line, message) =>
      found.push({ kind, line, rule: name, message });
    const members = object.members.flatMap((member) => withoutRepetition(member, addNote));
    const inner = members.filter(isGroup);
    const keys = new Map(
      members
        .filter((member) => !isGroup(member))
        .map((member) => [member.key.toLowerCase(), member]),
    );
    const own = readSettings(keys, addNote);
    const test = readCommand(keys, 'test', addNote);
    if (test !== null) {
      for (const { key, at } of inner) {
        addNote(
          'lost',
          at.line,
          `"${key}" is inside a rule, and the original reads no rules there`,
        );
      }
      rules.push({
        path,
        line: object.at.line,
        test,
        changeFail: readCommand(keys, 'change_fail', addNote),
        changeSuccess: readCommand(keys, 'change_success', addNote),
        settings: inheritSettings(own, groups),
        notes: found,
      });
      return;
    }
    for (const key of COMMAND_KEYS) {
      const member = keys.get(key);
      if (member !== undefined) {
        addNote(
          'lost',
          member.at.line,
          `${key} is in a group, and the original does not pass it on`,
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
 * libucl makes a list of the values of a repeated key, and the original reads the first. Repeated
 * groups are all carried over: their author meant all of them.
 */
function withoutRepetition(member: UclMember, addNote: AddNote): UclMember[] {
  const [head, ...more] = member.values;
  const repeated = `"${member.key}" repeats the key of line ${member.at.line}`;
  const groups: UclMember[] = [];
  for (const value of more) {
    if (value.kind === 'object') {
      addNote('look', value.at.line, `${repeated}; the original runs only the first, hfm all`);
      groups.push({ ...member, at: value.at, values: [value] });
    } else addNote('lost', value.at.line, `${repeated}; the original reads only the first`);
  }
  return [{ ...member, values: [head] }, ...groups];
}

function isGroup({ values }: UclMember): boolean {
  return values[0].kind === 'object';
}

function readSettings(keys: ReadonlyMap<string, UclMember>, addNote: AddNote): Settings {
  const settings: Record<string, unknown> = {};
  for (const [key, member] of keys) {
    if (key === 'test' || COMMAND_KEYS.includes(key)) continue;
    const setting = readSetting(key, member, addNote);
    if (setting !== null) settings[setting.key] = setting.value;
  }
  return settings as Settings;
}

/** The rule's own value, else the nearest group's. As in the original, a group's zero is no value. */
function inheritSettings(own: Settings, groups: readonly Settings[]): Settings {
  const passed = groups.map((group) =>
    Object.fromEntries(Object.entries(group).filter(([, setting]) => setting.value !== 0)),
  );
  return Object.assign({}, ...passed.toReversed(), own);
}
