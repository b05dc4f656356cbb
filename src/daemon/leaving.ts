import type { PoolName } from '../core/names.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { Leaving } from './aftermath.ts';
import { type Live, wishOf } from './live.ts';

/** What the pool's policy has in store for entries that have left its table. */
export function leavingOf(
  live: Readonly<Live>,
  poolName: PoolName | null,
  entries: readonly TableEntry[],
): Leaving[] {
  const pool = poolName === null ? undefined : live.pools.get(poolName);
  return entries.map((address) => ({
    pool: poolName,
    address,
    sources: pool?.config.killSources ?? sourcesOfRetired(live),
    endStates:
      pool !== undefined && pool.config.killStates === causeOf(live, pool.config.name, address),
  }));
}

/** Whether an address is out of the table that it left; of a retired table, out of every other. */
export function isOut(live: Readonly<Live>, { pool: name, address }: Leaving): boolean {
  const pool = name === null ? undefined : live.pools.get(name);
  if (pool !== undefined) return !includes(pool.desired, address);
  return ![...live.pools.values()].some(({ desired }) => includes(desired, address));
}

/**
 * States carry no table, so that those of an address may be ended only when it serves nowhere; and
 * not when nobody else serves in the pool: a slow answer is better than none.
 */
export function mayEndStates(live: Readonly<Live>, { pool: name, address }: Leaving): boolean {
  const pools = [...live.pools.values()];
  const others = name === null ? 0 : (live.pools.get(name)?.desired?.size ?? 0);
  return others > 0 && !pools.some(({ desired }) => includes(desired, address));
}

/** A table that left the configuration has no policy any more: it goes with those that are left. */
function sourcesOfRetired(live: Readonly<Live>): 'auto' | 'never' {
  const pools = [...live.pools.values()];
  return pools.length > 0 && pools.every(({ config }) => config.killSources === 'never')
    ? 'never'
    : 'auto';
}

function causeOf(live: Readonly<Live>, pool: PoolName, address: string): 'down' | 'maint' | null {
  for (const backend of live.backends.values()) {
    const membership = backend.config.memberships.find((one) => one.pool === pool);
    if (!membership?.addresses.some((one) => one === address)) continue;
    const wish = wishOf(live, backend, pool);
    if (wish.kind !== 'out') return null;
    return wish.by === 'health' ? 'down' : wish.by === 'maint' ? 'maint' : null;
  }
  return null;
}

function includes(desired: ReadonlySet<string> | null, address: string): boolean {
  return desired?.has(address) === true;
}
