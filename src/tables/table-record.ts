import type { TableLocation } from '../core/table.ts';
import type { TableGoal } from '../core/table-goal.ts';
import {
  differenceOf,
  planChange,
  type TableDifference,
  type TableEntry,
} from '../core/table-plan.ts';
import type { HfmEvent } from '../events/event.ts';
import type { PfError } from '../pf/driver.ts';
import type { Clock } from '../sys/clock.ts';
import { ChangeReport } from './change-report.ts';
import { TableRetry } from './table-retry.ts';
import { type TableView, UNREAD_VIEW, type ViewUpdate } from './table-view.ts';

export interface TableRecordDeps {
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  readonly onView: (update: ViewUpdate) => void;
  readonly table: () => TableLocation;
  /** How long other programs must leave a table alone for a conflict to be over. */
  readonly quietMs: number;
}

/** What is known of a table: its view, what has changed in it, how its last attempts ended. */
export class TableRecord {
  readonly #deps: TableRecordDeps;
  readonly #report: ChangeReport;
  readonly #retry = new TableRetry();
  #view: TableView = UNREAD_VIEW;
  #isCurrent = false;

  constructor(deps: TableRecordDeps) {
    this.#deps = deps;
    this.#report = new ChangeReport(deps);
  }

  get view(): TableView {
    return this.#view;
  }

  /** What the table holds, where a change may build on it without another reading; else null. */
  get current(): readonly TableEntry[] | null {
    return this.#isCurrent ? this.#view.actual : null;
  }

  /** Nothing builds on the last reading any more. */
  outdate(): void {
    this.#isCurrent = false;
  }

  /** Another goal is set, or it is not known any more (null). Says whether the table is to be worked on. */
  goalSet(goal: TableGoal | null): boolean {
    const { actual } = this.#view;
    if (goal !== null && actual !== null) this.#report.setPending(differenceOf(actual, goal));
    if (this.current !== null && isMet(goal, this.current)) return false;
    this.#view = { ...this.#view, inSync: false };
    return true;
  }

  /** pf is about to be told to change these entries. */
  asks(difference: TableDifference): void {
    this.#report.addAsked(difference);
    this.#view = { ...this.#view, asked: this.#report.asked };
    this.#deps.onView({ view: this.#view, removed: [], healed: false });
  }

  /** The table was read, for this goal. */
  read(actual: readonly TableEntry[], goal: TableGoal | null): void {
    const { actual: before, asked, inSync } = this.#view;
    this.#isCurrent = true;
    const isNew = before === null || before.join() !== actual.join();
    const removed = before === null ? [] : this.#report.report(before, actual, goal);
    this.#view = { ...this.#view, actual, asked: this.#report.asked, inSync: inSync && !isNew };
    if (goal !== null) this.#report.setPending(differenceOf(actual, goal));
    // The first reading is what sets the first goal, and later ones may change what is wanted. The
    // reading is good, whatever failed before it.
    if (goal === null || isNew || asked.size > 0) {
      this.#deps.onView({ view: { ...this.#view, error: null }, removed, healed: false });
    }
  }

  /** Whether the last reading showed a goal. */
  shows(goal: TableGoal | null): boolean {
    return this.#view.actual !== null && isMet(goal, this.#view.actual);
  }

  /** An attempt went well; the last reading shows the present goal if `inSync`. */
  succeeded(inSync: boolean): void {
    const { clock, emit, table, onView } = this.#deps;
    const afterMs = this.#retry.succeeded(clock.monotonicMs());
    if (afterMs !== null) emit({ kind: 'table-ok', ...table(), afterMs });
    this.#report.endConflictIfQuiet();
    this.#view = {
      ...this.#view,
      inSync,
      confirmedAtMs: inSync ? clock.wallMs() : this.#view.confirmedAtMs,
      error: null,
      contested: this.#report.contested,
    };
    onView({ view: this.#view, removed: [], healed: afterMs !== null });
  }

  /** An attempt failed. One event when a table begins to fail or fails in another way, not one for each attempt. */
  failed(error: PfError): void {
    const { clock, emit, table, onView } = this.#deps;
    const isAnother = this.#retry.failed(error, clock.monotonicMs());
    this.outdate();
    this.#view = { ...this.#view, inSync: false, error };
    if (isAnother) emit({ kind: 'table-error', ...table(), error: error.message });
    onView({ view: this.#view, removed: [], healed: false });
  }

  /** Whether the last attempt failed, and in this way. */
  hasFailedBy(kind: PfError['kind']): boolean {
    return this.#retry.hasFailedBy(kind);
  }

  /** How long to wait for the next attempt. */
  waitMs(resyncMs: number): number {
    return this.#retry.waitMs(resyncMs);
  }
}

function isMet(goal: TableGoal | null, actual: readonly TableEntry[]): boolean {
  return goal !== null && planChange(actual, goal).kind === 'none';
}
