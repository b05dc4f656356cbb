import type { Config } from '../config/config.ts';
import { addressesOf } from '../config/pool-addresses.ts';
import type { Address } from '../core/address.ts';
import type { TableRef } from '../core/table.ts';
import { isSameTable, tableKey } from '../core/table.ts';
import { emptying, tableGoalOf } from '../core/table-goal.ts';
import { planChange, type TableChange, type TableEntry } from '../core/table-plan.ts';
import type { PfDriver, PfError } from '../pf/driver.ts';
import type { Controller } from '../state/controller.ts';
import { adopt, decide, firstRoundMs, type Live, type LivePool } from '../state/live.ts';
import { succeed } from '../state/succession.ts';
import type { Clock } from '../sys/clock.ts';
import type { Reconciler } from '../tables/reconciler.ts';

/** What a reload would do to one table. */
export interface TablePlan extends TableRef {
  /** Null for a table that leaves the configuration. */
  readonly pool: string | null;
  readonly change: TableChange;
  /** Set when the table can't be read, so that the change is not known. */
  readonly error: PfError | null;
}

export interface PlanDeps {
  readonly clock: Clock;
  readonly driver: PfDriver;
  readonly controller: Controller;
  readonly reconciler: Reconciler;
}

/** A table of the new configuration, as it is now. */
interface Reading {
  readonly pool: LivePool;
  readonly actual: readonly TableEntry[];
  readonly error: PfError | null;
}

/** Goes through a reload without making it: the same steps, on copies and on tables read now. */
export async function planReload(deps: PlanDeps, config: Config): Promise<TablePlan[]> {
  const { clock, controller } = deps;
  const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  const live = succeed(controller.live, config, now);
  const readings = await Promise.all(
    [...live.pools.values()].map((pool) => readPool(deps, live, pool)),
  );
  const awaited = awaitedBy(deps, live, readings);
  const pools = readings.map((reading) => planPool(deps, live, reading, awaited));
  const retired = retiredBy(deps.reconciler, config).map((ref) => planRetired(deps, ref, awaited));
  return Promise.all([...pools, ...retired]);
}

async function readPool(deps: PlanDeps, live: Live, pool: LivePool): Promise<Reading> {
  const read = await deps.driver.show(pool.config);
  const isMade = !read.ok && read.error.kind === 'missing-table' && pool.config.create;
  if (!read.ok && !isMade) return { pool, actual: [], error: read.error };
  const actual = read.ok ? read.value : [];
  takeIn(live, pool, actual, deps.clock.monotonicMs());
  return { pool, actual, error: null };
}

/** As the first reading after the reload; `live` is a copy of ours. */
function takeIn(live: Live, pool: LivePool, actual: readonly TableEntry[], nowMs: number): void {
  pool.actual = new Set(actual);
  if (pool.desired !== null) return;
  pool.desired = adopt(live, pool, pool.actual);
  pool.roundEndsMs = nowMs + firstRoundMs(live.config, pool.config.name);
}

/** What stays where it is, since it moves to a table that can't be read, and may be wanted there. */
function awaitedBy(deps: PlanDeps, live: Live, readings: readonly Reading[]): Set<Address> {
  const { clock, reconciler } = deps;
  const moves = reconciler.movesTo(live.config)?.pending ?? [];
  const stuck = readings.filter(({ error }) => error !== null).map(({ pool }) => pool);
  const awaited = stuck.flatMap((pool) => {
    const key = tableKey(pool.config);
    const arriving = moves.filter(({ to }) => to === key).map(({ address }) => address);
    if (pool.desired === null) return arriving;
    const { desired } = decide(live, pool, clock.monotonicMs());
    return arriving.filter((one) => desired.has(one));
  });
  return new Set(awaited);
}

function planPool(
  { clock, reconciler }: PlanDeps,
  live: Live,
  { pool, actual, error }: Reading,
  awaited: ReadonlySet<Address>,
): TablePlan {
  const { name, table, anchor } = pool.config;
  const place = { pool: name, table, anchor };
  if (error !== null) return { ...place, change: { kind: 'none' }, error };
  const own = new Set(addressesOf(live.config, pool.config));
  const goal = tableGoalOf(decide(live, pool, clock.monotonicMs()), {
    exclusive: pool.config.exclusive,
    ledgerOnly: reconciler.leftIn(pool.config).filter((one) => !own.has(one)),
    staying: awaited,
  });
  return { ...place, change: planChange(actual, goal), error: null };
}

/** Tables that the configuration does not have, and that hold something of hfm's by the ledger. */
function retiredBy({ ledger }: Reconciler, config: Config): TableRef[] {
  return ledger.filter((entry) => !config.pools.some((pool) => isSameTable(pool, entry)));
}

async function planRetired(
  { driver, reconciler }: PlanDeps,
  { table, anchor }: TableRef,
  awaited: ReadonlySet<Address>,
): Promise<TablePlan> {
  const place = { pool: null, table, anchor };
  const read = await driver.show(place);
  if (!read.ok) {
    const gone = read.error.kind === 'missing-table';
    return { ...place, change: { kind: 'none' }, error: gone ? null : read.error };
  }
  const leaving = reconciler.leftIn(place).filter((one) => !awaited.has(one));
  return { ...place, change: planChange(read.value, emptying(leaving)), error: null };
}
