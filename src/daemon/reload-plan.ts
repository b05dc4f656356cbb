import type { Config } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import { planChange, type TableChange, type TableGoal } from '../core/table-plan.ts';
import type { PfDriver, PfError, TableRef } from '../pf/driver.ts';
import type { Clock } from '../sys/clock.ts';
import type { Controller } from './controller.ts';
import { addressesOf, adopt, decide, firstRoundMs, type Live, type LivePool } from './live.ts';
import type { Reconciler } from './reconciler.ts';
import { succeed } from './succession.ts';

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

/** Goes through a reload without making it: the same steps, on copies and on tables read now. */
export async function planReload(deps: PlanDeps, config: Config): Promise<TablePlan[]> {
  const { clock, controller } = deps;
  const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
  const live = succeed(controller.live, config, now);
  const pools = [...live.pools.values()].map((pool) => planPool(deps, live, pool));
  return Promise.all([
    ...pools,
    ...retiredBy(controller.live, config).map((one) => planRetired(deps, one)),
  ]);
}

async function planPool(deps: PlanDeps, live: Live, pool: LivePool): Promise<TablePlan> {
  const { name, table, anchor, create } = pool.config;
  const place = { pool: name, table, anchor };
  const read = await deps.driver.show(pool.config);
  const missing = !read.ok && read.error.kind === 'missing-table' && create;
  if (!read.ok && !missing) return { ...place, change: { kind: 'none' }, error: read.error };
  const actual = read.ok ? read.value : [];
  const nowMs = deps.clock.monotonicMs();
  const known: LivePool =
    pool.desired !== null
      ? pool
      : {
          ...pool,
          desired: adopt(live, name, new Set(actual)),
          roundEndsMs: nowMs + firstRoundMs(live.config, name),
        };
  const goal = deps.reconciler.goalOf(pool.config, decide(live, known, nowMs), live.config);
  return { ...place, change: planChange(actual, goal), error: null };
}

interface Retired extends TableRef {
  readonly addresses: readonly Address[];
}

/** The tables of today that the configuration does not have any more. */
function retiredBy(live: Readonly<Live>, config: Config): Retired[] {
  return live.config.pools
    .filter(
      ({ table, anchor }) =>
        !config.pools.some((one) => one.table === table && one.anchor === anchor),
    )
    .map((pool) => ({
      table: pool.table,
      anchor: pool.anchor,
      addresses: addressesOf(live.config, pool),
    }));
}

async function planRetired(deps: PlanDeps, retired: Retired): Promise<TablePlan> {
  const { table, anchor, addresses } = retired;
  const read = await deps.driver.show(retired);
  const place = { pool: null, table, anchor };
  if (!read.ok) {
    const gone = read.error.kind === 'missing-table';
    return { ...place, change: { kind: 'none' }, error: gone ? null : read.error };
  }
  const goal: TableGoal = {
    desired: new Set(),
    managed: new Set(addresses),
    untouched: new Set(),
    exclusive: false,
    dismissed: new Set(),
    least: new Map(),
  };
  return { ...place, change: planChange(read.value, goal), error: null };
}
