import type { Config, PoolConfig } from '../config/config.ts';
import { addressesOf } from '../config/pool-addresses.ts';
import type { Address } from '../core/address.ts';
import { entryOf, forget, type Ledger, type LedgerEntry, takeOver } from '../core/ledger.ts';
import { type Moves, movesTo, pendingOf, stayingIn, type TablesNow } from '../core/moves.ts';
import type { PoolName } from '../core/names.ts';
import type { PoolGoal } from '../core/policy.ts';
import { type TableRef, tableKey } from '../core/table.ts';
import { emptying, tableGoalOf } from '../core/table-goal.ts';
import type { HfmEvent } from '../events/event.ts';
import type { PfDriver } from '../pf/driver.ts';
import { type Clock, within } from '../sys/clock.ts';
import { type TableUpdate, type TableView, UNREAD_VIEW, type ViewUpdate } from './table-view.ts';
import { createTableWorker, type TableWorker, type TableWorkerConfig } from './table-worker.ts';

export interface ReconcilerDeps {
  readonly driver: PfDriver;
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /**
   * Called after each reading of a table, each failure, and before pf is told to change one; what it
   * must do with the ledger is done when it returns.
   */
  readonly onView: (update: TableUpdate) => void;
}

/** Tables that can't be changed must not hold up what leaves the others. */
const FIRST_ATTEMPTS_MS = 5000;

/** Keeps every table true: one worker for each table, and the ledger of what is hfm's in them. */
export class Reconciler {
  readonly #deps: ReconcilerDeps;
  readonly #workers = new Map<string, TableWorker>();
  /** Of each table the worker that was let go last, until nothing of its is in flight. */
  readonly #leaving = new Map<string, Promise<void>>();
  #ledger: Ledger;
  #config: Config | null = null;
  /** What each table may hold by the configuration. */
  #configured: ReadonlyMap<string, ReadonlySet<Address>> = new Map();
  #goals = new Map<PoolName, PoolGoal>();
  /** The addresses that the configuration moves from one table to another; null when all have moved. */
  #moves: Moves | null = null;
  #stopped = false;

  constructor(deps: ReconcilerDeps, ledger: Ledger) {
    this.#deps = deps;
    this.#ledger = ledger;
  }

  get ledger(): Ledger {
    return this.#ledger;
  }

  /**
   * Takes over a configuration: its tables, and those that an earlier one left something in. `goals`
   * is what is known of the goals of its pools; the others come with the first readings. No table is
   * touched before the caller gives up its turn: it must write the ledger to disk until then.
   */
  configure(config: Config, goals: ReadonlyMap<PoolName, PoolGoal>): void {
    this.#moves = this.movesTo(config);
    this.#config = config;
    this.#goals = goalsOf(config, goals);
    const configured = configuredLedger(config);
    this.#configured = new Map(
      configured.map((entry) => [tableKey(entry), new Set(entry.addresses)]),
    );
    this.#ledger = takeOver(this.#ledger, configured);
    const tables = new Map<string, { ref: TableRef; pool: PoolConfig | null }>();
    for (const { table, anchor } of this.#ledger) {
      tables.set(tableKey({ table, anchor }), { ref: { table, anchor }, pool: null });
    }
    for (const pool of config.pools) {
      tables.set(tableKey(pool), { ref: { table: pool.table, anchor: pool.anchor }, pool });
    }
    for (const [key, worker] of this.#workers) {
      if (!tables.has(key)) this.#dismiss(key, worker);
    }
    for (const [key, { ref, pool }] of tables) this.#employ(key, ref, pool, config.pf.resyncMs);
    for (const key of tables.keys()) this.#applyGoal(key);
    void this.#moveAsSeen(config);
  }

  /** Lets go what the configuration moves, once its tables had their first attempts. */
  async #moveAsSeen(config: Config): Promise<void> {
    const moves = this.#moves;
    if (moves === null) return;
    const attempts = this.attempted(config.pools.map(({ name }) => name));
    await within(attempts, this.#deps.clock, FIRST_ATTEMPTS_MS);
    // Another configuration may have other moves.
    if (this.#stopped || this.#moves !== moves) return;
    this.#moves = { ...moves, phase: 'as-seen' };
    this.#applyMoves();
  }

  /** Sets what a pool's table must hold. */
  setGoal(name: PoolName, goal: PoolGoal): void {
    const pool = this.#config?.pools.find((one) => one.name === name);
    if (this.#config === null || pool === undefined) return;
    this.#goals.set(name, goal);
    this.#applyGoal(tableKey(pool));
  }

  /** The moves that a configuration makes, or would make now. */
  movesTo(config: Config): Moves | null {
    return movesTo(configuredLedger(config), {
      ledger: this.#ledger,
      moves: this.#moves,
      isConfigured: (table, address) => this.#configured.get(table)?.has(address) === true,
      tables: this.#tablesNow,
    });
  }

  viewOf({ table, anchor }: TableRef): TableView {
    return this.#workers.get(tableKey({ table, anchor }))?.view ?? UNREAD_VIEW;
  }

  /** The addresses of hfm's that a table may hold, by the ledger. */
  leftIn({ table, anchor }: TableRef): readonly Address[] {
    return entryOf(this.#ledger, { table, anchor })?.addresses ?? [];
  }

  /** What a pool's table holds of hfm's that the configuration does not have any more. */
  keptIn(pool: PoolConfig): readonly Address[] {
    const own = this.#configured.get(tableKey(pool));
    const holds = new Set<string>(this.viewOf(pool).actual);
    return this.leftIn(pool).filter((one) => own?.has(one) !== true && holds.has(one));
  }

  /** Tables of the ledger that no pool has any more, and that still may hold something. */
  get retired(): readonly TableWorker[] {
    return [...this.#workers.values()].filter(({ config }) => config.pool === null);
  }

  /** Resolves when an attempt at each of the pools' present goals has ended, well or not. */
  async attempted(pools: Iterable<PoolName>): Promise<void> {
    const names = new Set(pools);
    const workers = [...this.#workers.values()].filter(
      ({ config: { pool } }) => pool !== null && names.has(pool),
    );
    await Promise.all(workers.map((worker) => worker.attempted()));
  }

  /** Leaves the tables as they are. */
  async stop(): Promise<void> {
    this.#stopped = true;
    const stopped = [...this.#workers.values()].map((worker) => worker.stop());
    await Promise.all([...stopped, ...this.#leaving.values()]);
  }

  #employ(key: string, ref: TableRef, pool: PoolConfig | null, resyncMs: number): void {
    const config = { pool: pool?.name ?? null, ref, resyncMs, create: pool?.create ?? false };
    const known = this.#workers.get(key);
    const worker = known ?? this.#hire(key, config);
    known?.assume(config);
    if (known === undefined) worker.start();
  }

  #hire(key: string, config: TableWorkerConfig): TableWorker {
    const { driver, clock, emit } = this.#deps;
    const onView = (update: ViewUpdate): void => this.#seen(key, worker, update);
    const after = this.#leaving.get(key) ?? Promise.resolve();
    const deps = { driver, clock, emit, onView, after };
    const worker = createTableWorker(deps, config);
    this.#workers.set(key, worker);
    return worker;
  }

  /** Gives a table's worker its goal, as far as that is known. */
  #applyGoal(key: string): void {
    const worker = this.#workers.get(key);
    if (worker === undefined) return;
    const staying = this.#stayingIn(key);
    const ledgerOnly = this.#leavingFrom(key);
    const pool = this.#config?.pools.find(({ name }) => name === worker.config.pool);
    if (pool === undefined) {
      worker.setGoal(emptying([...ledgerOnly].filter((one) => !staying.has(one))));
      return;
    }
    const goal = this.#goals.get(pool.name);
    if (goal === undefined) return;
    worker.setGoal(tableGoalOf(goal, { exclusive: pool.exclusive, ledgerOnly, staying }));
  }

  /** Lets go what has been seen where it moves to. */
  #applyMoves(): void {
    if (this.#moves === null || this.#moves.phase === 'first-attempts') return;
    const sources = new Set(this.#moves.pending.map(({ from }) => from));
    this.#moves = pendingOf(this.#moves, this.#tablesNow);
    for (const key of sources) this.#applyGoal(key);
  }

  #stayingIn(key: string): ReadonlySet<Address> {
    if (this.#moves === null) return new Set();
    return stayingIn(key, this.#moves, this.#tablesNow);
  }

  /** What hfm may still have in a table by the ledger, and the configuration does not. */
  #leavingFrom(key: string): ReadonlySet<Address> {
    const own = this.#configured.get(key);
    const left = this.#ledger.find((entry) => tableKey(entry) === key)?.addresses ?? [];
    return new Set(left.filter((one) => own?.has(one) !== true));
  }

  get #tablesNow(): TablesNow {
    return {
      shown: memo((key) => new Set<string>(this.#workers.get(key)?.view.actual)),
      leaving: memo((key) => this.#leavingFrom(key)),
      wants: (key, address) => {
        const pool = this.#workers.get(key)?.config.pool ?? null;
        return pool === null || this.#goals.get(pool)?.desired.has(address) !== false;
      },
    };
  }

  #seen(key: string, worker: TableWorker, update: ViewUpdate): void {
    const { pool, ref } = worker.config;
    if (this.#workers.get(key) !== worker) {
      // What a worker that was let go still sees is of no pool any more.
      this.#deps.onView({ ...update, table: { pool: null, ...ref }, ledgerChanged: false });
      return;
    }
    const left = this.#ledgerAfter(worker, update.view);
    const ledgerChanged = left !== this.#ledger;
    // Also what left while nobody looked may have left clients behind.
    const known = new Set(entryOf(left, ref)?.addresses);
    const dropped = ledgerChanged ? this.leftIn(ref).filter((address) => !known.has(address)) : [];
    this.#ledger = left;
    const removed = [...update.removed, ...dropped];
    this.#deps.onView({ ...update, table: { pool, ...ref }, removed, ledgerChanged });
    this.#applyMoves();
    // What is not hfm's any more must not be taken out if somebody else puts it in.
    if (ledgerChanged && pool !== null) this.#applyGoal(key);
    if (pool === null && entryOf(this.#ledger, ref) === undefined) this.#dismiss(key, worker);
  }

  /** The ledger without what a table has been proven to have lost for good. */
  #ledgerAfter({ config: { pool, ref } }: TableWorker, view: TableView): Ledger {
    const { actual, inSync, error } = view;
    // A table that is gone holds nothing of ours any more.
    const gone = pool === null && error?.kind === 'missing-table';
    if (!gone && (!inSync || actual === null)) return this.#ledger;
    const own = [...(this.#configured.get(tableKey(ref)) ?? [])];
    return forget(this.#ledger, { ...ref, addresses: own }, new Set(gone ? [] : actual));
  }

  #dismiss(key: string, worker: TableWorker): void {
    this.#workers.delete(key);
    const left = worker.stop().then(() => {
      if (this.#leaving.get(key) === left) this.#leaving.delete(key);
    });
    this.#leaving.set(key, left);
  }
}

/** The same for the same table, looked up once: it is asked of each address that moves. */
function memo<T>(of: (key: string) => T): (key: string) => T {
  const known = new Map<string, T>();
  return (key) => {
    const value = known.get(key) ?? of(key);
    known.set(key, value);
    return value;
  };
}

function goalsOf(config: Config, goals: ReadonlyMap<PoolName, PoolGoal>): Map<PoolName, PoolGoal> {
  const names = new Set(config.pools.map(({ name }) => name));
  return new Map([...goals].filter(([name]) => names.has(name)));
}

function configuredLedger(config: Config): LedgerEntry[] {
  return config.pools.map((pool) => ({
    table: pool.table,
    anchor: pool.anchor,
    addresses: addressesOf(config, pool),
  }));
}
