import type { BackendConfig, DaemonConfig, PoolConfig } from './config.ts';
import { childOf, complain, type Place } from './place.ts';
import type { Sections } from './sections.ts';

/** Two pools with one table would undo each other's work. */
export function checkTables(pools: readonly PoolConfig[], sections: Sections): void {
  const owners = new Map<string, string>();
  for (const { name, table, anchor } of pools) {
    const key = `${anchor ?? ''}/${table}`;
    const owner = owners.get(key);
    const place = sections.pools.get(name)?.place;
    if (owner === undefined) owners.set(key, name);
    else if (place !== undefined) {
      complain(
        childOf(place, 'table'),
        `found "${table}", the table of pool "${owner}" already; expected a table for each pool`,
      );
    }
  }
}

/** Two members with one address could not be told apart in the table. */
export function checkAddresses(
  pools: readonly PoolConfig[],
  backends: readonly BackendConfig[],
  sections: Sections,
): void {
  for (const pool of pools) {
    const owners = new Map<string, string>(pool.fallback.map((one) => [one, 'the fallback']));
    for (const backend of backends) {
      const membership = backend.memberships.find((one) => one.pool === pool.name);
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
 * Hanging scripts run for their whole timeout, so that each takes timeout/interval of a place. More
 * of them than `max_scripts` would make healthy backends wait behind hanging ones.
 */
export function checkScriptLoad(
  backends: readonly BackendConfig[],
  daemon: DaemonConfig,
  place: Place,
): void {
  const load = backends
    .flatMap(({ checks }) => checks)
    .filter(({ probeKind, mode }) => probeKind === 'script' && mode === 'check')
    .map(({ rhythm }) => rhythm.timeoutMs / Math.min(rhythm.intervalMs, rhythm.downIntervalMs))
    .reduce((sum, share) => sum + share, 0);
  if (load <= daemon.maxScripts + 1e-9) return;
  complain(
    childOf(place, 'max_scripts'),
    `found ${daemon.maxScripts}, expected at least ${Math.ceil(load - 1e-9)}: ` +
      'so many scripts run at once when all of them hang (the sum of timeout / interval); ' +
      'or longer intervals, or shorter timeouts',
  );
}
