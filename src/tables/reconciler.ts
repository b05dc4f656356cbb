import type { Config, PoolConfig } from '../config/config.ts';
import { addressesOf } from '../config/pool-addresses.ts';
import { type Address, familyOf } from '../core/address.ts';
import { entryOf, forget, type Ledger, type LedgerEntry, takeOver } from '../core/ledger.ts';
import type { PoolName } from '../core/names.ts';
import type { PoolGoal } from '../core/policy.ts';
import { type TableRef, tableKey } from '../core/table.ts';
import { emptying, type TableGoal } from '../core/table-plan.ts';
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
const MOVE_IN_MS = 5000;

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
  /** Of each table what was moved there from another one, and may not have been seen there yet. */
  #arriving: ReadonlyMap<string, ReadonlySet<Address>> = new Map();
  #goals = new Map<PoolName, PoolGoal>();
  /** Counts configurations; while one moves in, a table from which something moves keeps the rest too. */
  #generation = 0;
  #movingIn = false;
  /** Whether an address stays in a table only until it is seen in another. */
  #holdsBack = false;
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
    this.#arriving = new Map(
      config.pools.map((pool) => [tableKey(pool), new Set(this.arrivalsIn(pool, config))]),
    );
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
    this.#movingIn = true;
    this.#setAllGoals();
    void this.#moveOut(config);
  }

  /** What leaves a table is one delete, also when some of it must be seen in another table first. */
  async #moveOut(config: Config): Promise<void> {
    this.#generation += 1;
    const generation = this.#generation;
    const { clock } = this.#deps;
    await within(this.attempted(config.pools.map(({ name }) => name)), clock, MOVE_IN_MS);
    if (this.#stopped || generation !== this.#generation) return;
    this.#movingIn = false;
    this.#setAllGoals();
  }

  /** Sets what a pool's table must hold. */
  setGoal(name: PoolName, goal: PoolGoal): void {
    const pool = this.#config?.pools.find((one) => one.name === name);
    if (this.#config === null || pool === undefined) return;
    this.#goals.set(name, goal);
    const whole = this.goalOf(pool, goal);
    const staying = new Set([...whole.managed].filter((one) => this.#staysFor(pool, one)));
    const managed = new Set([...whole.managed].filter((one) => !staying.has(one)));
    const untouched = new Set([...whole.untouched, ...staying]);
    this.#workers.get(tableKey(pool))?.setGoal({ ...whole, managed, untouched });
  }

  /** The goal of a pool's table with what the ledger knows; also for a configuration not in force. */
  goalOf(pool: PoolConfig, goal: PoolGoal, config?: Config): TableGoal {
    const { desired, untouched, short, dismissed, reserve, least } = goal;
    const own =
      config === undefined
        ? (this.#configured.get(tableKey(pool)) ?? new Set())
        : new Set(addressesOf(config, pool));
    // Never empty what serves: while too few of the members do, what left the configuration stays.
    const left = this.leftIn(pool).filter((one) => !own.has(one) && !short.has(familyOf(one)));
    return {
      desired,
      managed: new Set([...own, ...left]),
      untouched,
      // What else is in the table may be all that serves, until enough of the members do.
      exclusive: pool.exclusive && short.size === 0,
      dismissed,
      reserve,
      least,
    };
  }

  /** What a configuration moves to a table from another one; of one that is in force, or may be. */
  arrivalsIn(to: PoolConfig, config: Config): readonly Address[] {
    const configured = configuredLedger(config);
    const own = new Map(configured.map((entry) => [tableKey(entry), new Set(entry.addresses)]));
    const leaving = takeOver(this.#ledger, configured).flatMap((entry) =>
      entry.addresses.filter((one) => own.get(tableKey(entry))?.has(one) !== true),
    );
    const moving = new Set(leaving);
    return addressesOf(config, to).filter((one) => moving.has(one) && this.#isNewIn(to, one));
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

  /** Why tables that left the configuration could not be cleared. */
  problems(): readonly string[] {
    return this.retired.flatMap(({ config: { ref }, view: { error } }) =>
      error === null ? [] : [`<${ref.table}>: ${error.message}`],
    );
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

  /**
   * Whether an address that the configuration took out of a table stays there for now: as long as it
   * is not seen in another table that it moved to.
   */
  #staysFor(from: TableRef, address: Address): boolean {
    const key = tableKey(from);
    if (this.#configured.get(key)?.has(address) === true) return false;
    const pools = this.#config?.pools ?? [];
    const isMoving = pools.some((pool) => tableKey(pool) !== key && this.#awaits(pool, address));
    if (isMoving) this.#holdsBack = true;
    return isMoving || (this.#movingIn && this.#isLeftByMoves(from));
  }

  #isLeftByMoves(from: TableRef): boolean {
    const key = tableKey(from);
    const own = this.#configured.get(key);
    return this.leftIn(from).some(
      (one) =>
        own?.has(one) !== true &&
        [...this.#arriving].some(([to, arriving]) => to !== key && arriving.has(one)),
    );
  }

  #awaits(pool: PoolConfig, address: Address): boolean {
    if (this.#arriving.get(tableKey(pool))?.has(address) !== true) return false;
    if (this.#hasSeen(pool, address)) return false;
    return this.#goals.get(pool.name)?.desired.has(address) ?? true;
  }

  #hasSeen(table: TableRef, address: Address): boolean {
    return this.viewOf(table).actual?.includes(address) === true;
  }

  /** What a table had in its configuration before is not on its way there, unless it never came. */
  #isNewIn(table: TableRef, address: Address): boolean {
    const key = tableKey(table);
    if (this.#configured.get(key)?.has(address) !== true) return true;
    return this.#arriving.get(key)?.has(address) === true && !this.#hasSeen(table, address);
  }

  #setAllGoals(): void {
    this.#holdsBack = false;
    for (const [pool, goal] of this.#goals) this.setGoal(pool, goal);
    for (const worker of this.retired) worker.setGoal(this.#retirementOf(worker.config.ref));
  }

  #retirementOf(ref: TableRef): TableGoal {
    return emptying(this.leftIn(ref).filter((one) => !this.#staysFor(ref, one)));
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
    if (this.#holdsBack && !this.#movingIn) this.#setAllGoals();
    // What is not hfm's any more must not be taken out if somebody else puts it in.
    const goal = pool === null ? undefined : this.#goals.get(pool);
    if (ledgerChanged && pool !== null && goal !== undefined) this.setGoal(pool, goal);
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
