import { familyOf, parseAddress } from '../core/address.ts';
import type { PoolName } from '../core/names.ts';
import type { TableEntry } from '../core/table-plan.ts';
import { candidatesOf, type Live, type LivePool } from '../state/live.ts';
import { includes, servingOf } from '../state/serving.ts';
import type { Leaving, LeavingRules } from './aftermath.ts';

/** The rules for what has left, by what is known at the moment that they are asked. */
export function leavingRules(live: () => Readonly<Live>): LeavingRules {
  return {
    isOut: (leaving) => isOut(live(), leaving),
    releaseOf: (leaving) => releaseOf(live(), leaving),
    mayEndStates: (leaving) => mayEndStates(live(), leaving),
  };
}

/** What the pool's policy has in store for entries that have left its table. */
export function leavingOf(
  live: Readonly<Live>,
  poolName: PoolName | null,
  entries: readonly TableEntry[],
): Leaving[] {
  const pool = poolName === null ? undefined : live.pools.get(poolName);
  const sources = pool?.config.killSources ?? sourcesOfRetired(live);
  const causes = pool === undefined ? new Map<string, never>() : causesIn(live, pool);
  return entries.map((address) => {
    const cause = causes.get(address);
    const endStates = cause !== undefined && cause === pool?.config.killStates;
    return { pool: poolName, address, sources, endStates };
  });
}

/**
 * What an hfmd that was killed has left to do. Addresses that are configured are not among it: the
 * first reading of their tables tells whether they are out.
 */
export function leftUnreleased(live: Readonly<Live>, addresses: readonly string[]): Leaving[] {
  const pools = [...live.pools.values()];
  const gone = addresses.filter(
    (one) => !pools.some(({ configured }) => includes(configured, one)),
  );
  return leavingOf(live, null, gone);
}

/** Whether an address is out of the table that it left; of a retired table, out of every other. */
export function isOut(live: Readonly<Live>, { pool: name, address }: Leaving): boolean {
  const pool = name === null ? undefined : live.pools.get(name);
  if (pool !== undefined) return !includes(pool.desired, address);
  return ![...live.pools.values()].some(({ desired }) => includes(desired, address));
}

/**
 * How far an address's sticky clients are to be released. Source nodes carry no table either: where
 * another pool sends clients to it, they come again, so that those of this one are released once.
 */
export function releaseOf(
  live: Readonly<Live>,
  { pool: name, address, sources }: Leaving,
): 'all' | 'once' | 'none' {
  const pool = name === null ? undefined : live.pools.get(name);
  // A reload may have said never since.
  if (sources === 'never' || pool?.config.killSources === 'never') return 'none';
  return servingOf(live, address) === null ? 'all' : 'once';
}

/**
 * States carry no table, so that those of an address may be ended only when it serves nowhere; and
 * not when nobody else serves in the pool: a slow answer is better than none. A table that still has
 * the address, or was not read yet, is waited for.
 */
export function mayEndStates(
  live: Readonly<Live>,
  { pool: name, address }: Leaving,
): 'yes' | 'no' | 'not-yet' {
  const pool = name === null ? undefined : live.pools.get(name);
  // A reload may have taken the pool, or its leave, away since.
  if (pool === undefined || pool.config.killStates === 'never') return 'no';
  if (includes(pool.desired, address) || !servesOther(pool, address)) return 'no';
  const serving = servingOf(live, address, pool.config.name);
  if (serving === null) return 'yes';
  return serving.how === 'wanted' ? 'no' : 'not-yet';
}

/** Whether the pool wants somebody whom the address's clients can be sent to instead. */
function servesOther({ desired }: LivePool, address: string): boolean {
  const parsed = parseAddress(address);
  if (!parsed.ok) return false;
  for (const one of desired ?? []) if (familyOf(one) === familyOf(parsed.address)) return true;
  return false;
}

/** A table that left the configuration has no policy any more: it goes with those that are left. */
function sourcesOfRetired(live: Readonly<Live>): 'auto' | 'never' {
  const pools = [...live.pools.values()];
  return pools.length > 0 && pools.every(({ config }) => config.killSources === 'never')
    ? 'never'
    : 'auto';
}

/** Why members of a pool are to be out, by their addresses; empty where nobody asks. */
function causesIn(live: Readonly<Live>, pool: LivePool): Map<string, 'down' | 'maint'> {
  const causes = new Map<string, 'down' | 'maint'>();
  if (pool.config.killStates === 'never') return causes;
  for (const { addresses, wish } of candidatesOf(live, pool)) {
    if (wish.kind !== 'out' || wish.by === 'drain' || wish.by === 'backend') continue;
    const cause = wish.by === 'health' ? 'down' : 'maint';
    for (const address of addresses) causes.set(address, cause);
  }
  return causes;
}
