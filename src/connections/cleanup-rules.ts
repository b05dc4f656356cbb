import { familyOf, parseAddress } from '../core/address.ts';
import type { PoolName } from '../core/names.ts';
import type { TableEntry } from '../core/table-plan.ts';
import { candidatesOf } from '../state/decide.ts';
import { includes, servingOf, wants } from '../state/serving.ts';
import type { PoolView, StateView } from '../state/view.ts';
import type { CleanupRules, CleanupTask } from './cleanup-task.ts';

/** The rules by the state as it is when they are asked. */
export function cleanupRules(view: StateView): CleanupRules {
  return {
    isOut: (task) => isOut(view, task),
    releaseOf: (task) => releaseOf(view, task),
    mayEndStates: (task) => mayEndStates(view, task),
  };
}

/** What is to be done, by the pool's policy, about entries that have left its table. */
export function cleanupTasks(
  view: StateView,
  poolName: PoolName | null,
  entries: readonly TableEntry[],
): CleanupTask[] {
  const pool = poolName === null ? undefined : view.pools.get(poolName);
  const sources = pool?.config.killSources ?? sourcesOfRetired(view);
  const causes = pool === undefined ? new Map<string, never>() : causesIn(view, pool);
  return entries.map((address) => {
    const cause = causes.get(address);
    const endStates = cause !== undefined && cause === pool?.config.killStates;
    return { pool: poolName, address, sources, endStates };
  });
}

/**
 * What an earlier hfmd, which was killed, has left to do. It does not include configured addresses:
 * the first reading of their tables tells whether they are out.
 */
export function tasksLeftOver(view: StateView, unreleased: readonly string[]): CleanupTask[] {
  const pools = [...view.pools.values()];
  const gone = unreleased.filter(
    (one) => !pools.some(({ configured }) => includes(configured, one)),
  );
  return cleanupTasks(view, null, gone);
}

/** Whether an address is out of the table that it left; for a retired table, out of every other. */
export function isOut(view: StateView, { pool: name, address }: CleanupTask): boolean {
  const pool = name === null ? undefined : view.pools.get(name);
  if (pool !== undefined) return !wants(pool, address);
  return ![...view.pools.values()].some((one) => wants(one, address));
}

/**
 * How far an address's sticky clients are to be released. Source nodes carry no table: where another
 * pool sends clients to the address, they come again, so those of this pool are released once.
 */
export function releaseOf(
  view: StateView,
  { pool: name, address, sources }: CleanupTask,
): 'all' | 'once' | 'none' {
  const pool = name === null ? undefined : view.pools.get(name);
  // A reload may have set `never` since.
  if (sources === 'never' || pool?.config.killSources === 'never') return 'none';
  return servingOf(view, address) === null ? 'all' : 'once';
}

/**
 * Whether an address's states may be ended. States carry no table, so the address must serve nowhere;
 * and another member must serve in the pool, since a slow answer is better than none. A table that
 * still has the address, or was not read yet, is waited for.
 */
export function mayEndStates(
  view: StateView,
  { pool: name, address }: CleanupTask,
): 'yes' | 'no' | 'not-yet' {
  const pool = name === null ? undefined : view.pools.get(name);
  // A reload may have removed the pool, or set `never`, since.
  if (pool === undefined || pool.config.killStates === 'never') return 'no';
  if (wants(pool, address) || !wantsOther(pool, address)) return 'no';
  const serving = servingOf(view, address, pool.config.name);
  if (serving === null) return 'yes';
  return serving.how === 'wanted' ? 'no' : 'not-yet';
}

/** Whether the pool wants another address to which the clients of this one can go. */
function wantsOther({ outcome }: PoolView, address: string): boolean {
  const parsed = parseAddress(address);
  if (!parsed.ok) return false;
  for (const one of outcome?.desired ?? []) {
    if (familyOf(one) === familyOf(parsed.address)) return true;
  }
  return false;
}

/** A table that left the configuration has no policy: it follows the pools that are left. */
function sourcesOfRetired({ pools }: StateView): 'auto' | 'never' {
  const isNever = [...pools.values()].every(({ config }) => config.killSources === 'never');
  return pools.size > 0 && isNever ? 'never' : 'auto';
}

/** Why members of a pool are to be out, by their addresses; empty where `kill_states` is never. */
function causesIn(view: StateView, pool: PoolView): Map<string, 'down' | 'maint'> {
  const causes = new Map<string, 'down' | 'maint'>();
  if (pool.config.killStates === 'never') return causes;
  for (const { addresses, wish } of candidatesOf(view, pool)) {
    if (wish.kind !== 'out' || wish.by === 'drain' || wish.by === 'backend') continue;
    const cause = wish.by === 'health' ? 'down' : 'maint';
    for (const address of addresses) causes.set(address, cause);
  }
  return causes;
}
