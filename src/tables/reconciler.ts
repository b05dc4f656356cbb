import type { Config, PoolConfig } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import type { Ledger } from '../core/ledger.ts';
import { type Moves, movesTo, pendingOf, stayingIn, type TablesNow } from '../core/moves.ts';
import type { PoolName } from '../core/names.ts';
import type { PoolGoal } from '../core/policy.ts';
import { isSameTable, type TableRef, tableKey } from '../core/table.ts';
import { emptying, tableGoalOf } from '../core/table-goal.ts';
import type { HfmEvent } from '../events/event.ts';
import type { PfDriver } from '../pf/driver.ts';
import { type Clock, within } from '../sys/clock.ts';
import { configuredIn, TableLedger } from './table-ledger.ts';
import { type TableUpdate, type TableView, UNREAD_VIEW, type ViewUpdate } from './table-view.ts';
import type { TableWorker, TableWorkerConfig } from './table-worker.ts';
import { TableWorkers } from './table-workers.ts';

export interface ReconcilerDeps {
  readonly driver: PfDriver;
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /**
   * Called after each reading of a table and each failure, and before pf is told to change one. Where
   * the ledger has changed, it must be on disk when this returns: the next table is touched then.
   */
  readonly onView: (update: TableUpdate) => void;
}

/** A table that no pool has any more, and that may still hold something of hfm's. */
export type RetiredTable = Pick<TableWorker, 'config' | 'view'>;

/** Tables that can't be changed must not hold up what leaves the others. */
const FIRST_ATTEMPTS_MS = 5000;

/** Keeps every table true: gives each table's worker its goal, made from the pool's goal, the ledger and the moves. */
export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #ledger: TableLedger;
  readonly #workers: TableWorkers;
  #pools: readonly PoolConfig[] = [];
  #goals = new Map<PoolName, PoolGoal>();
  /** The addresses that move from one table to another; null when all have moved. */
  #moves: Moves | null = null;
  #stopped = false;

  constructor(deps: ReconcilerDeps, ledger: Ledger) {
    const { driver, clock, emit, onView } = deps;
    this.#deps = deps;
    this.#ledger = new TableLedger(ledger);
    this.#workers = new TableWorkers({
      driver,
      clock,
      emit,
      onView: (worker, update) => this.#seen(worker, update),
      // The table may have a pool and a worker again: this update is the old worker's.
      onLateView: (table, update) =>
        onView({ ...update, table: { pool: null, ...table }, ledgerChanged: false }),
    });
  }

  get ledger(): Ledger {
    return this.#ledger.entries;
  }

  /**
   * Takes over a configuration: its tables, and those that an earlier one left something in. `goals`
   * is what is known of the goals of its pools; the others come with the first readings. No table is
   * touched before the caller gives up its turn: the ledger must be on disk by then.
   */
  configure(config: Config, goals: ReadonlyMap<PoolName, PoolGoal>): void {
    this.#moves = this.movesTo(config);
    this.#pools = config.pools;
    const names = new Set(config.pools.map(({ name }) => name));
    this.#goals = new Map([...goals].filter(([name]) => names.has(name)));
    this.#ledger.takeOver(config);
    const tables = workersFor(config, this.#ledger.entries);
    this.#workers.assign(tables);
    for (const { ref } of tables.values()) this.#applyGoal(ref);
    void this.#releaseMoves();
  }

  /** Sets what a pool's table must hold. */
  setGoal(name: PoolName, goal: PoolGoal): void {
    const pool = this.#pools.find((one) => one.name === name);
    if (pool === undefined) return;
    this.#goals.set(name, goal);
    this.#applyGoal(pool);
  }

  /** The moves that a configuration makes, or would make now. */
  movesTo(config: Config): Moves | null {
    return movesTo(configuredIn(config), {
      ledger: this.#ledger.entries,
      moves: this.#moves,
      isConfigured: (table, address) => this.#ledger.isConfigured(table, address),
      tables: this.#tablesNow,
    });
  }

  viewOf(table: TableRef): TableView {
    return this.#workers.get(tableKey(table))?.view ?? UNREAD_VIEW;
  }

  /** The addresses of hfm's that a table may hold, by the ledger. */
  leftIn(table: TableRef): readonly Address[] {
    return this.#ledger.addressesIn(table);
  }

  /** What a pool's table holds of hfm's that the configuration does not have any more. */
  keptIn(pool: TableRef): readonly Address[] {
    const holds = new Set<string>(this.viewOf(pool).actual);
    return this.#ledger.leftoversIn(pool).filter((one) => holds.has(one));
  }

  /** Why tables that left the configuration could not be cleared. */
  problems(): readonly string[] {
    return this.retired.flatMap(({ config: { ref }, view: { error } }) =>
      error === null ? [] : [`<${ref.table}>: ${error.message}`],
    );
  }

  /** Tables of the ledger that no pool has any more, and that still may hold something. */
  get retired(): readonly RetiredTable[] {
    return this.#workers.all.filter(({ config }) => config.pool === null);
  }

  /** Resolves when an attempt at each of the pools' present goals has ended, well or not. */
  async attempted(pools: Iterable<PoolName>): Promise<void> {
    const names = new Set(pools);
    const workers = this.#workers.all.filter(
      ({ config: { pool } }) => pool !== null && names.has(pool),
    );
    await Promise.all(workers.map((worker) => worker.attempted()));
  }

  /** Leaves the tables as they are. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#workers.stop();
  }

  /** Gives a table's worker its goal, as far as that is known. */
  #applyGoal(table: TableRef): void {
    const worker = this.#workers.get(tableKey(table));
    if (worker === undefined) return;
    const ledgerOnly = this.#ledger.leftoversIn(table);
    const staying = this.#stayingIn(table);
    const pool = this.#pools.find((one) => isSameTable(one, table));
    if (pool === undefined) {
      worker.setGoal(emptying(ledgerOnly.filter((one) => !staying.has(one))));
      return;
    }
    const goal = this.#goals.get(pool.name);
    if (goal === undefined) return;
    worker.setGoal(tableGoalOf(goal, { exclusive: pool.exclusive, ledgerOnly, staying }));
  }

  #stayingIn(table: TableRef): ReadonlySet<Address> {
    return this.#moves === null
      ? new Set()
      : stayingIn(tableKey(table), this.#moves, this.#tablesNow);
  }

  /** Removes moved addresses from their old tables, once all tables had their first attempts. */
  async #releaseMoves(): Promise<void> {
    const moves = this.#moves;
    if (moves === null) return;
    const attempts = this.attempted(this.#pools.map(({ name }) => name));
    await within(attempts, this.#deps.clock, FIRST_ATTEMPTS_MS);
    // Another configuration may have other moves.
    if (this.#stopped || this.#moves !== moves) return;
    this.#moves = { ...moves, phase: 'as-seen' };
    this.#releaseArrived();
  }

  /** Removes addresses from their old tables where pf shows them in the new ones. */
  #releaseArrived(): void {
    if (this.#moves === null || this.#moves.phase === 'first-attempts') return;
    const sources = new Set(this.#moves.pending.map(({ from }) => from));
    this.#moves = pendingOf(this.#moves, this.#tablesNow);
    for (const key of sources) {
      const worker = this.#workers.get(key);
      if (worker !== undefined) this.#applyGoal(worker.config.ref);
    }
  }

  get #tablesNow(): TablesNow {
    const workerOf = (key: string): TableWorker | undefined => this.#workers.get(key);
    return {
      shown: memo((key) => new Set<string>(workerOf(key)?.view.actual)),
      leaving: memo((key) => {
        const worker = workerOf(key);
        return new Set(worker === undefined ? [] : this.#ledger.leftoversIn(worker.config.ref));
      }),
      wants: (key, address) => {
        const pool = workerOf(key)?.config.pool ?? null;
        return pool === null || this.#goals.get(pool)?.desired.has(address) !== false;
      },
    };
  }

  #seen(worker: TableWorker, update: ViewUpdate): void {
    const { pool, ref } = worker.config;
    const lost = this.#ledger.forgetLost(ref, update.view);
    // What left while hfmd did not look may have left clients behind too.
    const removed = [...update.removed, ...(lost ?? [])];
    this.#deps.onView({
      ...update,
      table: { pool, ...ref },
      removed,
      ledgerChanged: lost !== null,
    });
    this.#releaseArrived();
    if (lost === null) return;
    const isRetired = pool === null && this.#ledger.addressesIn(ref).length === 0;
    if (isRetired) this.#workers.end(ref);
    // What is not hfm's any more must not be taken out if another program puts it in.
    else this.#applyGoal(ref);
  }
}

function workersFor({ pools, pf }: Config, ledger: Ledger): Map<string, TableWorkerConfig> {
  const workers = new Map<string, TableWorkerConfig>();
  for (const { table, anchor } of [...ledger, ...pools]) {
    const pool = pools.find((one) => isSameTable(one, { table, anchor }));
    workers.set(tableKey({ table, anchor }), {
      pool: pool?.name ?? null,
      ref: { table, anchor },
      resyncMs: pf.resyncMs,
      create: pool?.create ?? false,
    });
  }
  return workers;
}

/** Looks up each table once: it is asked for each address that moves. */
function memo<T>(lookUp: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const value = known.get(key) ?? lookUp(key);
    known.set(key, value);
    return value;
  };
}
