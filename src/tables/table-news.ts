import type { TableLocation } from '../core/table.ts';
import type { TableGoal } from '../core/table-goal.ts';
import { differenceOf, type TableDifference, type TableEntry } from '../core/table-plan.ts';
import type { HfmEvent } from '../events/event.ts';
import type { Clock } from '../sys/clock.ts';
import { createDriftWatch, type DriftWatch } from './drift-watch.ts';

export interface TableNewsDeps {
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  readonly place: () => TableLocation;
  /** How long a table must be left alone for a contest to be over. */
  readonly contestMs: number;
}

/** What becomes of a table from one reading to the next: by hfm, and by others. */
export class TableNews {
  readonly #deps: TableNewsDeps;
  readonly #drifts: DriftWatch;
  /** Since when each entry is to come or to go, monotonic. */
  #wanted: ReadonlyMap<TableEntry, number> = new Map();
  #asked: ReadonlySet<TableEntry> = new Set();

  constructor(deps: TableNewsDeps) {
    this.#deps = deps;
    this.#drifts = createDriftWatch(deps.contestMs);
  }

  /** How often another program has undone hfm's work in the contest that is on; 0 for none. */
  get contested(): number {
    return this.#drifts.contested;
  }

  /** What pf was told to put in or take out since the table was last read. */
  get asked(): ReadonlySet<TableEntry> {
    return this.#asked;
  }

  /** These are to be changed: those that were to be before since then, the others since now. */
  want({ missing, surplus }: TableDifference): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const before = this.#wanted;
    const wanted = [...missing, ...surplus];
    this.#wanted = new Map(wanted.map((entry) => [entry, before.get(entry) ?? nowMs]));
  }

  /** pf is told to change these: what becomes of them is hfm's doing. */
  ask({ missing, surplus }: TableDifference): void {
    this.#asked = new Set([...this.#asked, ...missing, ...surplus]);
  }

  /**
   * Tells what has changed between two readings, and returns what is gone. It goes from one reading
   * to the next, so that nothing is missed when an attempt in between failed.
   */
  tell(
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
    if (goal !== null) this.#tellDrift(byOthers, after, goal);
    this.#tellOwn(
      added.filter((entry) => asked.has(entry)),
      removed.filter((entry) => asked.has(entry)),
    );
    return removed;
  }

  /** Tells that a contest is over, if it is; called after each attempt that went well. */
  settle(): void {
    const { clock, emit, place } = this.#deps;
    const drifts = this.#drifts.settle(clock.monotonicMs());
    if (drifts !== null) emit({ kind: 'contested', ...place(), active: false, drifts });
  }

  /** What others have changed, as far as it is to be put right. */
  #tellDrift(byOthers: ReadonlySet<TableEntry>, entries: readonly TableEntry[], goal: TableGoal) {
    const { clock, emit, place } = this.#deps;
    const difference = differenceOf(entries, goal);
    const missing = difference.missing.filter((entry) => byOthers.has(entry));
    const surplus = difference.surplus.filter((entry) => byOthers.has(entry));
    if (missing.length + surplus.length === 0) return;
    const course = this.#drifts.note(clock.monotonicMs());
    if (course === 'begins') {
      emit({ kind: 'contested', ...place(), active: true, drifts: this.contested });
    } else if (course === 'single') {
      emit({ kind: 'drift', ...place(), missing, surplus });
    }
  }

  /** A contest is told once, not at each repair. */
  #tellOwn(added: readonly TableEntry[], removed: readonly TableEntry[]): void {
    if (this.contested > 0 || added.length + removed.length === 0) return;
    const { clock, emit, place } = this.#deps;
    const nowMs = clock.monotonicMs();
    const waits = [...added, ...removed].map((entry) => nowMs - (this.#wanted.get(entry) ?? nowMs));
    const durationMs = waits.reduce((longest, one) => Math.max(longest, one), 0);
    emit({ kind: 'table', ...place(), added, removed, durationMs });
  }
}
