import type { PoolConfig } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import type { PoolName } from '../core/names.ts';
import type { Live, LivePool } from './live.ts';

/** A pool that sends clients to an address, or must be taken to. */
export interface Serving {
  readonly pool: PoolConfig;
  /**
   * `held`: its table has the address, or pf was told to put it in, though nobody asks for it now;
   * `unread`: it may have.
   */
  readonly how: 'wanted' | 'held' | 'unread';
}

/** Where an address serves, besides one pool; null for nowhere. Who wants it comes first. */
export function servingOf(
  live: Readonly<Live>,
  address: string,
  besides: PoolName | null = null,
): Serving | null {
  const serving: Serving[] = [];
  for (const { config, configured, desired, actual, asked } of live.pools.values()) {
    if (config.name === besides) continue;
    if (includes(desired, address)) return { pool: config, how: 'wanted' };
    if (includes(actual, address) || asked.has(address))
      serving.push({ pool: config, how: 'held' });
    if (actual === null && includes(configured, address))
      serving.push({ pool: config, how: 'unread' });
  }
  return serving[0] ?? null;
}

/** Whether pf has shown that an address is where the pool wants it, as far as its table is hfm's. */
export function isShown({ desired, actual, asked, outcome }: LivePool, address: Address): boolean {
  if (outcome === null || asked.has(address)) return false;
  return outcome.untouched.has(address) || includes(desired, address) === includes(actual, address);
}

export function includes(set: ReadonlySet<string> | null, address: string): boolean {
  return set?.has(address) === true;
}
