import type { TableLocation } from '../core/table.ts';
import type { TableGoal } from '../core/table-goal.ts';
import { differenceOf, type TableDifference, type TableEntry } from '../core/table-plan.ts';
import type { HfmEvent } from '../events/event.ts';
import type { Clock } from '../sys/clock.ts';
import { type ConflictDetector, createConflictDetector } from './conflict-detector.ts';

export interface ChangeReportDeps {
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  readonly table: () => TableLocation;
  /** How long other programs must leave a table alone for a conflict to be over. */
  readonly quietMs: number;
}

/** Reports what changes in a table from one reading to the next: by hfm, and by other programs. */
export class ChangeReport {
  readonly #deps: ChangeReportDeps;
  readonly #conflict: ConflictDetector;
  /** Since when each entry waits to be added or deleted, monotonic. */
  #pending: ReadonlyMap<TableEntry, number> = new Map();
  #asked: ReadonlySet<TableEntry> = new Set();
  /** What other programs have changed and hfm has not undone yet. */
  readonly #drifted = new Set<TableEntry>();

  constructor(deps: ChangeReportDeps) {
    this.#deps = deps;
    this.#conflict = createConflictDetector(deps.quietMs);
  }

  /** How often another program has undone hfm's work in the conflict that is on; 0 for none. */
  get contested(): number {
    return this.#conflict.drifts;
  }

  /** What pf was told to add or delete since the table was last read. */
  get asked(): ReadonlySet<TableEntry> {
    return this.#asked;
  }

  /** These entries wait to be changed: from now on, or since they began to wait. */
  setPending({ missing, surplus }: TableDifference): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const before = this.#pending;
    const pending = [...missing, ...surplus];
    this.#pending = new Map(pending.map((entry) => [entry, before.get(entry) ?? nowMs]));
  }

  /** pf is told to change these entries: if they change, it is hfm's doing. */
  addAsked({ missing, surplus }: TableDifference): void {
    this.#asked = new Set([...this.#asked, ...missing, ...surplus]);
  }

  /**
   * Reports what has changed between two readings, and returns the entries that are gone. It compares
   * each reading with the one before, so that nothing is missed when an attempt in between failed.
   */
  report(
    before: readonly TableEntry[],
    after: readonly TableEntry[],
    goal: TableGoal | null,
  ): readonly TableEntry[] {
    const asked = this.#asked;
    this.#asked = new Set();
    const had = new Set(before);
    const has = new Set(after);
    const added = after.filter((entry) => !had.has(entry));
    const removed = before.filter((entry) => !has.has(entry));
    const byOthers = new Set([...added, ...removed].filter((entry) => !asked.has(entry)));
    if (goal !== null) this.#reportDrift(byOthers, after, goal);
    this.#reportOwn(
      added.filter((entry) => asked.has(entry)),
      removed.filter((entry) => asked.has(entry)),
    );
    return removed;
  }

  /** Reports that a conflict is over, if it is. Call it after each attempt that went well. */
  endConflictIfQuiet(): void {
    const { clock, emit, table } = this.#deps;
    const drifts = this.#conflict.endIfQuiet(clock.monotonicMs());
    if (drifts !== null) emit({ kind: 'contested', ...table(), active: false, drifts });
  }

  /** Reports what other programs have changed, as far as hfm undoes it. */
  #reportDrift(byOthers: ReadonlySet<TableEntry>, entries: readonly TableEntry[], goal: TableGoal) {
    const { clock, emit, table } = this.#deps;
    for (const entry of byOthers) this.#drifted.delete(entry);
    const difference = differenceOf(entries, goal);
    const missing = difference.missing.filter((entry) => byOthers.has(entry));
    const surplus = difference.surplus.filter((entry) => byOthers.has(entry));
    if (missing.length + surplus.length === 0) return;
    for (const entry of [...missing, ...surplus]) this.#drifted.add(entry);
    const course = this.#conflict.note(clock.monotonicMs());
    if (course === 'begins') {
      emit({ kind: 'contested', ...table(), active: true, drifts: this.contested });
    } else if (course === 'single') {
      emit({ kind: 'drift', ...table(), missing, surplus });
    }
  }

  /** In a conflict the repairs are not reported one by one; what else hfm changes is. */
  #reportOwn(allAdded: readonly TableEntry[], allRemoved: readonly TableEntry[]): void {
    const isReported = (entry: TableEntry): boolean =>
      this.contested === 0 || !this.#drifted.has(entry);
    const added = allAdded.filter(isReported);
    const removed = allRemoved.filter(isReported);
    for (const entry of [...allAdded, ...allRemoved]) this.#drifted.delete(entry);
    if (added.length + removed.length === 0) return;
    const { clock, emit, table } = this.#deps;
    const nowMs = clock.monotonicMs();
    const waits = [...added, ...removed].map(
      (entry) => nowMs - (this.#pending.get(entry) ?? nowMs),
    );
    const durationMs = waits.reduce((longest, one) => Math.max(longest, one), 0);
    emit({ kind: 'table', ...table(), added, removed, durationMs });
  }
}
