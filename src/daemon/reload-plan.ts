import type { Config } from '../config/config.ts';
import { addressesOf } from '../config/pool-addresses.ts';
import type { Address } from '../core/address.ts';
import { isSameTable, type TableRef, tableKey } from '../core/table.ts';
import { emptying, tableGoalOf } from '../core/table-goal.ts';
import { planChange, type TableChange, type TableEntry } from '../core/table-plan.ts';
import type { PfDriver, PfError } from '../pf/driver.ts';
import type { State } from '../state/state.ts';
import type { PoolView } from '../state/view.ts';
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
  readonly driver: PfDriver;
  readonly state: State;
  readonly tables: Reconciler;
}

/** A table of the new configuration, as it is now. */
interface Reading {
  readonly pool: PoolView;
  readonly actual: readonly TableEntry[];
  readonly error: PfError | null;
}

/** Goes through a reload without making it: the same steps, on a copy and on tables read now. */
export async function planReload(deps: PlanDeps, config: Config): Promise<TablePlan[]> {
  const trial = deps.state.copy();
  trial.reload(config);
  const readings = await Promise.all(
    [...trial.view.pools.values()].map((pool) => readPool(deps.driver, trial, pool)),
  );
  trial.decide(trial.view.pools.keys());
  const awaited = awaitedBy(deps, config, readings);
  const pools = readings.map((reading) => planPool(deps, config, reading, awaited));
  const retired = retiredBy(deps.tables, config).map((ref) => planRetired(deps, ref, awaited));
  return Promise.all([...pools, ...retired]);
}

async function readPool(driver: PfDriver, trial: State, pool: PoolView): Promise<Reading> {
  const read = await driver.show(pool.config);
  const isMade = !read.ok && read.error.kind === 'missing-table' && pool.config.create;
  if (!read.ok && !isMade) return { pool, actual: [], error: read.error };
  const actual = read.ok ? read.value : [];
  trial.tableRead(pool.config.name, { entries: actual, asked: pool.asked, removed: [] });
  return { pool, actual, error: null };
}

/** What stays where it is: it moves to a table that can't be read, and may be wanted there. */
function awaitedBy(
  { tables }: PlanDeps,
  config: Config,
  readings: readonly Reading[],
): Set<Address> {
  const moves = tables.movesTo(config)?.pending ?? [];
  const unread = readings.filter(({ error }) => error !== null).map(({ pool }) => pool);
  const awaited = unread.flatMap((pool) => {
    const key = tableKey(pool.config);
    const arriving = moves.filter(({ to }) => to === key).map(({ address }) => address);
    const { outcome } = pool;
    return outcome === null ? arriving : arriving.filter((one) => outcome.desired.has(one));
  });
  return new Set(awaited);
}

function planPool(
  { tables }: PlanDeps,
  config: Config,
  { pool, actual, error }: Reading,
  awaited: ReadonlySet<Address>,
): TablePlan {
  const { name, table, anchor } = pool.config;
  const place = { pool: name, table, anchor };
  if (error !== null || pool.outcome === null) return { ...place, change: { kind: 'none' }, error };
  const own = new Set(addressesOf(config, pool.config));
  const goal = tableGoalOf(pool.outcome, {
    exclusive: pool.config.exclusive,
    ledgerOnly: tables.leftIn(pool.config).filter((one) => !own.has(one)),
    staying: awaited,
  });
  return { ...place, change: planChange(actual, goal), error: null };
}

/** Tables that the configuration does not have, and that hold something of hfm's by the ledger. */
function retiredBy({ ledger }: Reconciler, config: Config): TableRef[] {
  return ledger.filter((entry) => !config.pools.some((pool) => isSameTable(pool, entry)));
}

async function planRetired(
  { driver, tables }: PlanDeps,
  { table, anchor }: TableRef,
  awaited: ReadonlySet<Address>,
): Promise<TablePlan> {
  const place = { pool: null, table, anchor };
  const read = await driver.show(place);
  if (!read.ok) {
    const gone = read.error.kind === 'missing-table';
    return { ...place, change: { kind: 'none' }, error: gone ? null : read.error };
  }
  const leaving = tables.leftIn(place).filter((one) => !awaited.has(one));
  return { ...place, change: planChange(read.value, emptying(leaving)), error: null };
}
