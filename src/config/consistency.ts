import { tableKey } from '../core/table.ts';
import type { BackendConfig, DaemonConfig, PoolConfig } from './config.ts';
import { childOf, complain, type Place } from './place.ts';
import type { Sections } from './sections.ts';

/** Two pools with one table would undo each other's changes. */
export function requireDistinctTables(pools: readonly PoolConfig[], sections: Sections): void {
  const owners = new Map<string, string>();
  for (const pool of pools) {
    const key = tableKey(pool);
    const owner = owners.get(key);
    const place = sections.pools.get(pool.name)?.place;
    if (owner === undefined) owners.set(key, pool.name);
    else if (place !== undefined) {
      complain(
        childOf(place, 'table'),
        `found "${pool.table}", which pool "${owner}" has already; expected a different table for each pool`,
      );
    }
  }
}

/** The table could not tell two members with one address apart. */
export function requireDistinctAddresses(
  pools: readonly PoolConfig[],
  backends: readonly BackendConfig[],
  sections: Sections,
): void {
  for (const pool of pools) {
    const owners = new Map<string, string>(
      pool.fallback.map((address) => [address, 'the fallback']),
    );
    for (const backend of backends) {
      const membership = backend.memberships.find((candidate) => candidate.pool === pool.name);
      const place = sections.backends.get(backend.name)?.place;
      for (const address of membership?.addresses ?? []) {
        const owner = owners.get(address);
        if (owner === undefined) owners.set(address, `backend "${backend.name}"`);
        else if (place !== undefined) {
          complain(
            childOf(childOf(place, 'pools'), pool.name),
            `found ${address}, which ${owner} has in this pool already; expected each address once`,
          );
        }
      }
    }
  }
}

/**
 * A hanging script runs for its whole timeout, so it occupies timeout / interval of one of the
 * `max_scripts` places. With fewer places than that, healthy backends would wait for hanging ones.
 */
export function requireEnoughScripts(
  backends: readonly BackendConfig[],
  daemon: DaemonConfig,
  place: Place,
): void {
  const needed = backends
    .flatMap(({ checks }) => checks)
    .filter(({ probeKind, mode }) => probeKind === 'script' && mode === 'check')
    .map(({ rhythm }) => rhythm.timeoutMs / Math.min(rhythm.intervalMs, rhythm.downIntervalMs))
    .reduce((sum, share) => sum + share, 0);
  if (needed <= daemon.maxScripts + ROUNDING) return;
  complain(
    childOf(place, 'max_scripts'),
    `found ${daemon.maxScripts}, expected at least ${Math.ceil(needed - ROUNDING)}, which is how ` +
      'many scripts run at once when all of them hang (the sum of timeout / interval), ' +
      'or longer intervals, or shorter timeouts',
  );
}

/** The sum of many quotients may be this much off. */
const ROUNDING = 1e-9;
