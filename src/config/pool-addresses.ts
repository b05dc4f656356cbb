import type { Address } from '../core/address.ts';
import type { Config, PoolConfig } from './config.ts';

/** Every address that a pool may put into its table: those of its members, and its fallback. */
export function addressesOf({ backends }: Config, pool: PoolConfig): Address[] {
  const members = backends
    .flatMap(({ memberships }) => memberships)
    .filter((membership) => membership.pool === pool.name)
    .flatMap(({ addresses }) => addresses);
  return [...members, ...pool.fallback];
}
