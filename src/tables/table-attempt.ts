import type { TableRef } from '../core/table.ts';
import type { TableGoal } from '../core/table-goal.ts';
import {
  describeRefusal,
  differenceOf,
  planChange,
  safeRemovals,
  type TableChange,
  type TableDifference,
  type TableEntry,
} from '../core/table-plan.ts';
import type { PfDriver, PfError, PfResult } from '../pf/driver.ts';

/** The table of an attempt. What a function gives may change while pfctl runs. */
export interface AttemptTable {
  readonly driver: PfDriver;
  readonly ref: TableRef;
  /** Whether a missing table may be made. */
  readonly mayCreate: () => boolean;
  /** What the table must hold; null as long as that is not known. */
  readonly goal: () => TableGoal | null;
  readonly isStopped: () => boolean;
  /** Whether the last attempt failed in this way too. */
  readonly hasFailedBy: (kind: PfError['kind']) => boolean;
  readonly onRead: (entries: readonly TableEntry[]) => void;
  /** Called before pf is told to change these entries. */
  readonly onAsk: (difference: TableDifference) => void;
}

type MadeChange = Exclude<TableChange, { kind: 'none' }>;

/** A goal that pf took without an error and still does not show is tried this often in one attempt. */
const MAX_PASSES = 3;

/**
 * Reads a table, changes it and reads it again, until it shows the goal; returns what is in the way.
 * `current` is what the table holds, where that is known.
 */
export async function attempt(
  table: AttemptTable,
  current: readonly TableEntry[] | null,
): Promise<PfError | null> {
  const firstGoal = table.goal();
  let entries = canBuildOn(current, firstGoal) ? current : null;
  for (let pass = 0; pass <= MAX_PASSES; pass++) {
    if (entries === null) {
      const read = await readTable(table);
      if (!read.ok) return read.error;
      entries = read.value;
      table.onRead(entries);
    }
    const goal = table.goal();
    // A worker that stops begins nothing: what is left to do is for the next start.
    if (goal === null || table.isStopped()) return null;
    const change = planChange(entries, goal);
    if (change.kind === 'none') return null;
    if (pass === MAX_PASSES) {
      // A goal that came meanwhile has an attempt of its own.
      if (goal !== firstGoal) return null;
      return { kind: 'not-accepted', message: describeRefusal(entries, goal) };
    }
    const hasWaited = pass > 0 && goal !== firstGoal;
    const error = await make(change, table, { entries, goal, hasWaited });
    if (error !== null) return error;
    if (table.isStopped()) return null;
    entries = null;
  }
  return null;
}

/**
 * Whether a change can be made without reading first: whatever other programs did since, pf takes an
 * add by name as far as it changes something, and the reading that follows shows the rest. A delete
 * needs a reading: another program may have left the table with nothing but what is to leave. A
 * replace would undo what hfm leaves as it is.
 */
function canBuildOn(current: readonly TableEntry[] | null, goal: TableGoal | null): boolean {
  if (current === null || goal === null) return false;
  const change = planChange(current, goal);
  return change.kind === 'update' && change.add.length > 0;
}

async function readTable(table: AttemptTable): Promise<PfResult<readonly TableEntry[]>> {
  const read = await table.driver.show(table.ref);
  if (read.ok || read.error.kind !== 'missing-table' || !table.mayCreate()) return read;
  return { ok: true, value: [] };
}

interface Step {
  readonly entries: readonly TableEntry[];
  readonly goal: TableGoal;
  /** Whether what must leave has waited for others to come in before, in this attempt. */
  readonly hasWaited: boolean;
}

/**
 * One step toward the goal. What must leave waits until pf shows what comes in: an add that pf
 * reports and does not show must not empty the table. Where others of the goal serve, it waits only once, and not
 * for what pf keeps refusing.
 */
async function make(
  change: MadeChange,
  table: AttemptTable,
  { entries, goal, hasWaited }: Step,
): Promise<PfError | null> {
  const { driver, ref } = table;
  table.onAsk(differenceOf(entries, goal));
  if (change.kind === 'update' && change.add.length === 0) {
    return errorOf(await driver.remove(ref, change.remove));
  }
  const put =
    change.kind === 'replace'
      ? errorOf(await driver.replace(ref, change.entries))
      : errorOf(await driver.add(ref, change.add));
  // A replace that is made leaves nothing to delete.
  if (change.kind === 'replace' && put === null) return null;
  // pf may refuse without an error: then the table does not show what was added.
  const isRefusedAgain = table.hasFailedBy(put?.kind ?? 'not-accepted');
  const remove = hasWaited || isRefusedAgain ? stillSafe(entries, goal, table.goal()) : [];
  const left = remove.length > 0 ? errorOf(await driver.remove(ref, remove)) : null;
  return put ?? left;
}

/** What this step takes out that may leave now; the goal may have changed while pfctl was slow. */
function stillSafe(
  entries: readonly TableEntry[],
  goal: TableGoal,
  present: TableGoal | null,
): TableEntry[] {
  if (present === null) return [];
  const { surplus } = differenceOf(entries, goal);
  return safeRemovals(entries, present).filter((entry) => surplus.includes(entry));
}

function errorOf(result: PfResult<null>): PfError | null {
  return result.ok ? null : result.error;
}
