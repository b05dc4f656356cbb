import type { PoolName } from '../core/names.ts';
import type { TableRef } from '../core/table.ts';
import { sameGoal, type TableGoal } from '../core/table-goal.ts';
import type { HfmEvent } from '../events/event.ts';
import type { PfDriver } from '../pf/driver.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { type AttemptTable, attempt } from './table-attempt.ts';
import { TableRecord } from './table-record.ts';
import type { TableView, ViewUpdate } from './table-view.ts';

export interface TableWorkerDeps {
  readonly driver: PfDriver;
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /** Called after each reading and each failure, and before pf is told to change the table. */
  readonly onView: (update: ViewUpdate) => void;
  /** Resolves when the table's former worker has ended; nothing is done to the table before. */
  readonly after: Promise<void>;
}

export interface TableWorkerConfig {
  readonly pool: PoolName | null;
  readonly ref: TableRef;
  readonly resyncMs: number;
  /** Whether a missing table may be made. */
  readonly create: boolean;
}

/** Changes one table: one operation at a time, until pf confirms that the table holds the goal. */
export interface TableWorker {
  readonly config: TableWorkerConfig;
  readonly view: TableView;
  /** Sets what the table must hold, and starts on it. */
  setGoal(goal: TableGoal): void;
  /** Takes another configuration of the same table; with another pool the goal must be set anew. */
  reconfigure(config: TableWorkerConfig): void;
  /** Resolves when an attempt at the present goal has ended, well or not; at once when in sync. */
  attempted(): Promise<void>;
  /** Starts reading the table, and again every `resyncMs`. */
  start(): void;
  /** Leaves the table as it is; resolves when nothing is in flight. */
  stop(): Promise<void>;
}

const MIN_QUIET_MS = 60_000;

export function createTableWorker(deps: TableWorkerDeps, config: TableWorkerConfig): TableWorker {
  return new Worker(deps, config);
}

class Worker implements TableWorker {
  readonly #deps: TableWorkerDeps;
  readonly #record: TableRecord;
  readonly #table: AttemptTable;
  config: TableWorkerConfig;
  #goal: TableGoal | null = null;
  #running: Promise<void> | null = null;
  #again = false;
  #timer: Timer | null = null;
  #stopped = false;
  #waiting: (() => void)[] = [];

  constructor(deps: TableWorkerDeps, config: TableWorkerConfig) {
    this.#deps = deps;
    this.config = config;
    const record = new TableRecord({
      ...deps,
      table: () => ({ pool: this.config.pool, ...this.config.ref }),
      quietMs: Math.max(MIN_QUIET_MS, 10 * config.resyncMs),
    });
    this.#record = record;
    this.#table = {
      driver: deps.driver,
      ref: config.ref,
      mayCreate: () => this.config.create,
      goal: () => this.#goal,
      isStopped: () => this.#stopped,
      hasFailedBy: (kind) => record.hasFailedBy(kind),
      onRead: (entries) => record.read(entries, this.#goal),
      onAsk: (difference) => record.asks(difference),
    };
  }

  get view(): TableView {
    return this.#record.view;
  }

  start(): void {
    this.#record.outdate();
    this.#runSoon();
  }

  setGoal(goal: TableGoal): void {
    if (this.#goal !== null && sameGoal(this.#goal, goal)) return;
    this.#goal = goal;
    if (this.#record.goalSet(goal)) this.#runSoon();
  }

  reconfigure(config: TableWorkerConfig): void {
    const { pool } = this.config;
    this.config = config;
    if (pool === config.pool) return;
    this.#goal = null;
    this.#record.goalSet(null);
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
    this.#endWaits();
  }

  /** Runs now, or once more after the run that is under way, which may have missed what is new. */
  #runSoon(): void {
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
      const error = await attempt(this.#table, this.#record.current);
      // What was under way when hfmd stopped proves nothing: the next start reads anew.
      if (this.#stopped) break;
      if (error === null) this.#succeed();
      else this.#record.failed(error);
      if (goal === this.#goal || this.view.inSync) this.#endWaits();
    }
    this.#running = null;
    if (this.#stopped) return;
    const waitMs = this.#record.waitMs(this.config.resyncMs);
    this.#timer = this.#deps.clock.after(waitMs, () => this.start());
  }

  #succeed(): void {
    const inSync = this.#record.shows(this.#goal);
    // A goal that came meanwhile and is met already needs no further reading; one that changed during
    // each pass is still open.
    if (this.#goal !== null) this.#again = !inSync;
    this.#record.succeeded(inSync);
  }

  #endWaits(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const resolve of waiting) resolve();
  }
}
