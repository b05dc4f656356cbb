import type { PoolConfig } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import type { PoolName } from '../core/names.ts';
import type { PoolView, StateView } from './view.ts';

/** A pool that sends clients to an address, or may do so. */
export interface Serving {
  readonly pool: PoolConfig;
  /**
   * `wanted`: the address is to be in the table. `held`: the table has it, or pf was told to put it
   * in, although it is not wanted now. `unread`: the table may have it.
   */
  readonly how: 'wanted' | 'held' | 'unread';
}

/** Where an address serves, besides one pool; null for nowhere. A pool that wants it comes first. */
export function servingOf(
  { pools }: StateView,
  address: string,
  besides: PoolName | null = null,
): Serving | null {
  const serving: Serving[] = [];
  for (const pool of pools.values()) {
    const { config, configured, actual, asked } = pool;
    if (config.name === besides) continue;
    if (wants(pool, address)) return { pool: config, how: 'wanted' };
    if (includes(actual, address) || asked.has(address)) {
      serving.push({ pool: config, how: 'held' });
    }
    if (actual === null && includes(configured, address)) {
      serving.push({ pool: config, how: 'unread' });
    }
  }
  return serving[0] ?? null;
}

/** Whether pf has shown that an address is where the pool wants it, as far as its table is hfm's. */
export function isShown(pool: PoolView, address: Address): boolean {
  const { actual, asked, outcome } = pool;
  if (outcome === null || asked.has(address)) return false;
  return outcome.untouched.has(address) || wants(pool, address) === includes(actual, address);
}

/** Whether the pool wants the address in its table, as last decided. */
export function wants({ outcome }: PoolView, address: string): boolean {
  return includes(outcome?.desired, address);
}

/** Whether a set of addresses has one that came as text, such as from pf. */
export function includes(set: ReadonlySet<string> | null | undefined, address: string): boolean {
  return set?.has(address) === true;
}
