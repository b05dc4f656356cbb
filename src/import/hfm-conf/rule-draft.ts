import type { CheckMode } from '../../config/config.ts';
import type { Address } from '../../core/address.ts';
import type { CheckDraft } from '../draft/check-draft.ts';
import type { AddNote, Note } from '../draft/note.ts';
import { type Change, readChange } from './change-command.ts';
import { readMemberships, type TableMember } from './memberships.ts';
import { runnableCommand } from './runnable-command.ts';
import { type OriginalRule, ruleName } from './source/original.ts';
import type { Command, Status } from './source/original-keys.ts';
import { readTest } from './test-command.ts';
import { readTimes, type Times } from './times.ts';

/** A rule of the original in hfm's terms, still without the names of its sections. */
export interface RuleDraft {
  readonly rule: OriginalRule;
  readonly check: CheckDraft;
  readonly address: Address;
  readonly mode: CheckMode;
  readonly times: Times;
  readonly members: readonly TableMember[];
  readonly onDown: readonly string[] | null;
  readonly onUp: readonly string[] | null;
  /** The program of each pfctl command with what is in front of it, such as doas. */
  readonly pfctl: Change['pfctl'];
  readonly notes: readonly Note[];
}

export function draftRule(rule: OriginalRule): RuleDraft {
  const notes: Note[] = [...rule.notes];
  const name = ruleName(rule.path);
  const addNote: AddNote = (kind, line, message) => notes.push({ kind, line, rule: name, message });

  const check = readTest(rule.test, addNote);
  for (const remark of check.remarks) addNote('remark', rule.test.line, remark);
  const timed = {
    isScript: check.keys.type === 'script',
    limitMs: check.limitMs,
    line: rule.test.line,
  };
  const times = readTimes(rule.settings, timed, addNote);
  const onFail = changeOf(rule.changeFail, addNote);
  const onSuccess = changeOf(rule.changeSuccess, addNote);
  const members = readMemberships(onFail.tables, onSuccess.tables, addNote);
  const status = rule.settings.status?.value ?? 'enabled';
  noteRuns(rule, status, addNote);
  return {
    rule,
    check,
    address: addressOf(check, members, rule.test, addNote),
    mode: MODES[status],
    times,
    members,
    onDown: actionOf(onFail, rule.changeFail, addNote),
    onUp: actionOf(onSuccess, rule.changeSuccess, addNote),
    pfctl: [...onFail.pfctl, ...onSuccess.pfctl],
    notes,
  };
}

const MODES: Readonly<Record<Status, CheckMode>> = {
  enabled: 'check',
  disabled: 'off',
  'always-fail': 'down',
  'always-success': 'up',
};

const NO_CHANGE: Change = { tables: [], action: null, pfctl: [] };

function changeOf(command: Command | null, addNote: AddNote): Change {
  return command === null ? NO_CHANGE : readChange(command, addNote);
}

function actionOf(
  change: Change,
  command: Command | null,
  addNote: AddNote,
): readonly string[] | null {
  return change.action === null
    ? null
    : runnableCommand(change.action, command?.line ?? 0, addNote);
}

function addressOf(
  { address }: CheckDraft,
  members: readonly TableMember[],
  { line }: Command,
  addNote: AddNote,
): Address {
  if (address !== null) return address;
  const [member] = members;
  if (member !== undefined) return member.address;
  addNote('remark', line, 'The original names no address, or several; the script may need none.');
  return '127.0.0.1' as Address;
}

/** The original's README.md, "runs": with always-fail or always-success it forces a change once. */
function noteRuns({ settings: { runs } }: OriginalRule, status: Status, addNote: AddNote): void {
  if (runs === undefined || runs.value === 0) return;
  if (status === 'always-fail' || status === 'always-success') {
    addNote(
      'remark',
      runs.line,
      `runs = ${runs.value} is not needed: mode = "${MODES[status]}" does it.`,
    );
    return;
  }
  addNote('lost', runs.line, `runs = ${runs.value}; hfm repeats a check until hfmd stops`);
}
