import type { PoolName } from '../core/names.ts';
import type { TableLocation, TableRef } from '../core/table.ts';
import { sameGoal, type TableGoal } from '../core/table-goal.ts';
import {
  describeRefusal,
  differenceOf,
  planChange,
  safeRemovals,
  type TableChange,
  type TableEntry,
} from '../core/table-plan.ts';
import type { HfmEvent } from '../events/event.ts';
import type { PfDriver, PfError, PfResult } from '../pf/driver.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { TableNews } from './table-news.ts';
import { TableTrouble } from './table-trouble.ts';
import { type TableView, UNREAD_VIEW, type ViewUpdate } from './table-view.ts';

export interface TableWorkerDeps {
  readonly driver: PfDriver;
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /** Called after each reading and each failure, and before pf is told to change the table. */
  readonly onView: (update: ViewUpdate) => void;
  /** Resolves once nobody else of ours is at the table; nothing is done to it before. */
  readonly after: Promise<void>;
}

export interface TableWorkerConfig {
  readonly pool: PoolName | null;
  readonly ref: TableRef;
  readonly resyncMs: number;
  /** Whether a missing table may be made. */
  readonly create: boolean;
}

/** The one who changes a table: one operation at a time, until pf confirms that it holds the goal. */
export interface TableWorker {
  readonly config: TableWorkerConfig;
  readonly view: TableView;
  /** Sets what the table must hold, and starts on it. */
  setGoal(goal: TableGoal): void;
  /** Goes over to another configuration of the same table; with another pool the goal is open again. */
  assume(config: TableWorkerConfig): void;
  /** Resolves once an attempt on the goal of now has ended, well or not; at once when in sync. */
  attempted(): Promise<void>;
  /** Starts reading the table, and again every `resyncMs`. */
  start(): void;
  /** Leaves the table as it is; resolves when nothing is in flight. */
  stop(): Promise<void>;
}

const MIN_CONTEST_MS = 60_000;
/** A goal that pf took without an error and still does not show is tried this often in one go. */
const MAX_PASSES = 3;

export function createTableWorker(deps: TableWorkerDeps, config: TableWorkerConfig): TableWorker {
  return new Worker(deps, config);
}

class Worker implements TableWorker {
  readonly #deps: TableWorkerDeps;
  config: TableWorkerConfig;
  view: TableView = UNREAD_VIEW;
  #goal: TableGoal | null = null;
  /** Whether `view.actual` may be built on without reading again. */
  #trusted = false;
  #running: Promise<void> | null = null;
  #again = false;
  #timer: Timer | null = null;
  #stopped = false;
  #waiting: (() => void)[] = [];
  readonly #news: TableNews;
  readonly #trouble = new TableTrouble();

  constructor(deps: TableWorkerDeps, config: TableWorkerConfig) {
    this.#deps = deps;
    this.config = config;
    this.#news = new TableNews({
      ...deps,
      place: () => this.#place(),
      contestMs: Math.max(MIN_CONTEST_MS, 10 * config.resyncMs),
    });
  }

  start(): void {
    this.#trusted = false;
    this.#kick();
  }

  setGoal(goal: TableGoal): void {
    if (this.#goal !== null && sameGoal(this.#goal, goal)) return;
    this.#goal = goal;
    const { actual } = this.view;
    if (actual !== null) this.#news.want(differenceOf(actual, goal));
    if (this.#trusted && actual !== null && planChange(actual, goal).kind === 'none') return;
    this.view = { ...this.view, inSync: false };
    this.#kick();
  }

  assume(config: TableWorkerConfig): void {
    const { pool } = this.config;
    this.config = config;
    if (pool === config.pool) return;
    this.#goal = null;
    this.view = { ...this.view, inSync: false };
    this.start();
  }

  attempted(): Promise<void> {
    if (this.view.inSync || this.#stopped) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    await this.#running;
    this.#release();
  }

  /** Runs now, or once more after what is running: what came meanwhile is never lost. */
  #kick(): void {
    if (this.#stopped) return;
    this.#again = true;
    this.#timer?.cancel();
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    // It takes a turn at least, so that `#running` is set before anything can end it.
    await this.#deps.after;
    while (this.#again && !this.#stopped) {
      this.#again = false;
      const goal = this.#goal;
      const error = await this.#reconcile();
      // What was under way when hfmd stopped proves nothing: the next start reads anew.
      if (this.#stopped) break;
      if (error === null) this.#succeed();
      else this.#fail(error);
      if (goal === this.#goal || this.view.inSync) this.#release();
    }
    this.#running = null;
    if (this.#stopped) return;
    const waitMs = this.#trouble.waitMs(this.config.resyncMs);
    this.#timer = this.#deps.clock.after(waitMs, () => this.start());
  }

  /** Reads, changes and reads again until the table shows the goal; or says what is in the way. */
  async #reconcile(): Promise<PfError | null> {
    let entries = this.#shortcut();
    const firstGoal = this.#goal;
    for (let pass = 0; pass <= MAX_PASSES; pass++) {
      if (entries === null) {
        const read = await this.#read();
        if (!read.ok) return read.error;
        entries = read.value;
        this.#see(entries);
      }
      const goal = this.#goal;
      // hfmd stops: what is not begun yet is for the next start.
      if (goal === null || this.#stopped) return null;
      const change = planChange(entries, goal);
      if (change.kind === 'none') return null;
      if (pass === MAX_PASSES) {
        if (goal === firstGoal)
          return { kind: 'not-accepted', message: describeRefusal(entries, goal) };
        this.#again = true;
        return null;
      }
      const isPassedOver = pass > 0 && goal !== firstGoal;
      const error = await this.#apply(change, entries, goal, isPassedOver);
      if (error !== null) return error;
      entries = null;
      if (this.#stopped) return null;
      const after = await this.#read();
      if (!after.ok) return after.error;
      entries = after.value;
      this.#see(entries);
    }
    return null;
  }

  /**
   * What the table is known to hold, where the change can be made without reading first: whatever
   * others did since then, pf takes an add or a delete by name as far as it changes something, and
   * the reading that follows shows the rest. A replace would undo what hfm is to leave as it is.
   */
  #shortcut(): readonly TableEntry[] | null {
    const { actual } = this.view;
    if (!this.#trusted || actual === null || this.#goal === null) return null;
    return planChange(actual, this.#goal).kind === 'update' ? actual : null;
  }

  async #read(): Promise<PfResult<readonly TableEntry[]>> {
    const read = await this.#deps.driver.show(this.config.ref);
    if (read.ok || read.error.kind !== 'missing-table' || !this.config.create) return read;
    return { ok: true, value: [] };
  }

  /**
   * One step toward the goal. What is to leave waits until pf shows what is to come: an add that it
   * only says it did must not empty the table. Where others of the goal serve, it waits for no second
   * newcomer, and not for what pf keeps refusing.
   */
  async #apply(
    change: Exclude<TableChange, { kind: 'none' }>,
    entries: readonly TableEntry[],
    goal: TableGoal,
    isPassedOver: boolean,
  ): Promise<PfError | null> {
    const { driver } = this.#deps;
    const { ref } = this.config;
    this.#news.ask(differenceOf(entries, goal));
    this.view = { ...this.view, asked: this.#news.asked };
    this.#deps.onView({ view: this.view, removed: [], healed: false });
    if (change.kind === 'update' && change.add.length === 0) {
      return errorOf(await driver.remove(ref, change.remove));
    }
    const put = await this.#put(change);
    // A replace that is made leaves nothing to delete.
    if (change.kind === 'replace' && put === null) return null;
    const remove = isPassedOver || this.#isStubborn(put) ? this.#stillSafe(entries, goal) : [];
    const left = remove.length > 0 ? errorOf(await driver.remove(ref, remove)) : null;
    return put ?? left;
  }

  /** What was asked to leave and still may: the goal may have changed while pfctl was slow. */
  #stillSafe(entries: readonly TableEntry[], goal: TableGoal): TableEntry[] {
    if (this.#goal === null) return [];
    const { surplus } = differenceOf(entries, goal);
    return safeRemovals(entries, this.#goal).filter((entry) => surplus.includes(entry));
  }

  async #put(change: Exclude<TableChange, { kind: 'none' }>): Promise<PfError | null> {
    const { driver } = this.#deps;
    const { ref } = this.config;
    return change.kind === 'replace'
      ? errorOf(await driver.replace(ref, change.entries))
      : errorOf(await driver.add(ref, change.add));
  }

  /** Whether the last attempt has failed as this one does; what pf takes it may still not show. */
  #isStubborn(put: PfError | null): boolean {
    return this.#trouble.isAgain(put?.kind ?? 'not-accepted');
  }

  #see(actual: readonly TableEntry[]): void {
    const { actual: before, asked, inSync } = this.view;
    this.#trusted = true;
    const isNew = before === null || before.join() !== actual.join();
    const removed = before === null ? [] : this.#news.tell(before, actual, this.#goal);
    this.view = { ...this.view, actual, asked: this.#news.asked, inSync: inSync && !isNew };
    if (this.#goal !== null) this.#news.want(differenceOf(actual, this.#goal));
    // The first reading is what sets the first goal, and later ones may change what is wanted.
    // It is a good reading, whatever trouble was before it.
    if (this.#goal === null || isNew || asked.size > 0) {
      this.#deps.onView({ view: { ...this.view, error: null }, removed, healed: false });
    }
  }

  #succeed(): void {
    const { clock, emit } = this.#deps;
    const afterMs = this.#trouble.end(clock.monotonicMs());
    if (afterMs !== null) emit({ kind: 'table-ok', ...this.#place(), afterMs });
    const { actual } = this.view;
    const inSync =
      this.#goal !== null && actual !== null && planChange(actual, this.#goal).kind === 'none';
    this.#news.settle();
    this.view = {
      ...this.view,
      inSync,
      confirmedAtMs: inSync ? clock.wallMs() : this.view.confirmedAtMs,
      error: null,
      contested: this.#news.contested,
    };
    // A goal that came meanwhile and is met already needs no further reading; one that turned during
    // each pass is still open.
    if (this.#goal !== null) this.#again = !inSync;
    this.#deps.onView({ view: this.view, removed: [], healed: afterMs !== null });
  }

  /** One event when trouble begins or becomes another, not one a try. */
  #fail(error: PfError): void {
    const isNews = this.#trouble.note(error, this.#deps.clock.monotonicMs());
    this.#trusted = false;
    this.view = { ...this.view, inSync: false, error };
    if (isNews) this.#deps.emit({ kind: 'table-error', ...this.#place(), error: error.message });
    this.#deps.onView({ view: this.view, removed: [], healed: false });
  }

  #release(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }

  #place(): TableLocation {
    return { pool: this.config.pool, ...this.config.ref };
  }
}

function errorOf(result: PfResult<null>): PfError | null {
  return result.ok ? null : result.error;
}
