import type { CheckMode } from '../../config/config.ts';
import type { Address } from '../../core/address.ts';
import type { CheckDraft } from '../draft/check-draft.ts';
import type { Note, Tell } from '../draft/note.ts';
import { type Change, readChange } from './change-command.ts';
import { readMemberships, type TableMember } from './memberships.ts';
import { runnable } from './runnable.ts';
import { type OriginalRule, ruleName } from './source/original.ts';
import type { Command, Status } from './source/original-keys.ts';
import { readTest } from './test-command.ts';
import { readTimes, type Times } from './times.ts';

/** One rule of the original in hfm's terms; names are not given yet. */
export interface RuleDraft {
  readonly rule: OriginalRule;
  readonly check: CheckDraft;
  readonly address: Address;
  readonly mode: CheckMode;
  readonly times: Times;
  readonly members: readonly TableMember[];
  readonly onDown: readonly string[] | null;
  readonly onUp: readonly string[] | null;
  /** How it ran pfctl, each time. */
  readonly pfctl: Change['pfctl'];
  readonly notes: readonly Note[];
}

export function draftRule(rule: OriginalRule): RuleDraft {
  const notes: Note[] = [...rule.notes];
  const name = ruleName(rule.path);
  const tell: Tell = (kind, line, message) => notes.push({ kind, line, rule: name, message });

  const check = readTest(rule.test, tell);
  for (const remark of check.remarks) tell('remark', rule.test.line, remark);
  const timed = {
    isScript: check.keys.type === 'script',
    limitMs: check.limitMs,
    line: rule.test.line,
  };
  const times = readTimes(rule.settings, timed, tell);
  const onFail = changeOf(rule.changeFail, tell);
  const onSuccess = changeOf(rule.changeSuccess, tell);
  const members = readMemberships(onFail.tables, onSuccess.tables, tell);
  const status = rule.settings.status?.value ?? 'enabled';
  tellRuns(rule, status, tell);
  return {
    rule,
    check,
    address: addressOf(check, members, rule.test, tell),
    mode: MODES[status],
    times,
    members,
    onDown: actionOf(onFail, rule.changeFail, tell),
    onUp: actionOf(onSuccess, rule.changeSuccess, tell),
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

function changeOf(command: Command | null, tell: Tell): Change {
  return command === null ? NO_CHANGE : readChange(command, tell);
}

function actionOf(change: Change, command: Command | null, tell: Tell): readonly string[] | null {
  return change.action === null ? null : runnable(change.action, command?.line ?? 0, tell);
}

function addressOf(
  { address }: CheckDraft,
  members: readonly TableMember[],
  { line }: Command,
  tell: Tell,
): Address {
  if (address !== null) return address;
  const [member] = members;
  if (member !== undefined) return member.address;
  tell('remark', line, 'No single address stands in the original; the script may need none.');
  return '127.0.0.1' as Address;
}

/** README.md of the original, "runs": with always-fail or always-success, a way to force a change once. */
function tellRuns({ settings: { runs } }: OriginalRule, status: Status, tell: Tell): void {
  if (runs === undefined || runs.value === 0) return;
  if (status === 'always-fail' || status === 'always-success') {
    tell(
      'remark',
      runs.line,
      `runs = ${runs.value} is not needed: mode = "${MODES[status]}" does it.`,
    );
    return;
  }
  tell('lost', runs.line, `runs = ${runs.value}; a check goes on until hfmd stops`);
}
