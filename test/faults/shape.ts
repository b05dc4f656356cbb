import fc from 'fast-check';
import type { BackendConfig, Config, PoolConfig } from '../../src/config/config.ts';
import { backend, check, config, pool } from '../fakes/config.ts';

export const NAMES = ['n0', 'n1', 'n2', 'n3'] as const;
export const TABLES = ['web', 'mail'] as const;
export type Table = (typeof TABLES)[number];

/** Entries that are not hfm's. hfm leaves them alone, except in an exclusive pool. */
export const FOREIGN: Readonly<Record<Table, readonly string[]>> = {
  web: ['192.0.2.1', '192.0.2.0/28'],
  mail: ['198.51.100.4', '2001:db8::1'],
};
const FALLBACK = '10.1.0.99';
export const RISE = 2;
export const FALL = 3;

/** A backend's addresses in a table, the same in every configuration. */
export function addressesIn(table: Table, name: string): readonly string[] {
  const host = (NAMES as readonly string[]).indexOf(name) + 1;
  if (table === 'web') return [`10.1.0.${host}`, `fd00:1::${host}`];
  // n0 and n1 have the same address in both tables.
  return host <= 2 ? [`10.1.0.${host}`] : [`10.2.0.${host}`, `fd00:2::${host}`];
}

/** The backend that has the address; undefined for the fallback and for foreign entries. */
export function ownerOf(table: Table, address: string): string | undefined {
  return NAMES.find((name) => addressesIn(table, name).includes(address));
}

/** A configuration in short. */
export interface Shape {
  /** The name of each table's pool; null for a table that is not configured. */
  readonly pools: Readonly<Record<Table, string | null>>;
  readonly floors: Readonly<Record<Table, number | `${number}%`>>;
  readonly fallback: boolean;
  readonly exclusive: Readonly<Record<Table, boolean>>;
  readonly killStates: 'never' | 'down' | 'maint';
  readonly members: readonly {
    readonly name: string;
    readonly web: boolean;
    readonly mail: boolean;
    readonly mode: 'check' | 'off' | 'up' | 'down';
  }[];
}

export const shapes: fc.Arbitrary<Shape> = fc.record({
  pools: fc.record({
    web: fc.constantFrom('web', 'web', 'web', 'www', null),
    mail: fc.constantFrom('mail', 'mail', 'post', null),
  }),
  floors: fc.record({
    web: fc.constantFrom(0, 1, 1, 2, 3, '50%' as const, '75%' as const, '100%' as const),
    mail: fc.constantFrom(0, 1, 2, 3, '50%' as const, '75%' as const),
  }),
  fallback: fc.boolean(),
  exclusive: fc.record({
    web: fc.constantFrom(true, false, false),
    mail: fc.constantFrom(true, false, false),
  }),
  killStates: fc.constantFrom('never', 'down', 'maint'),
  members: fc.subarray([...NAMES], { minLength: 1 }).chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record({
          name: fc.constant(name),
          web: fc.constantFrom(true, true, true, false),
          mail: fc.boolean(),
          mode: fc.constantFrom('check', 'check', 'check', 'check', 'check', 'off', 'up', 'down'),
        }),
      ),
    ),
  ),
});

export function configOf(shape: Shape, resyncMs: number): Config {
  const pools: PoolConfig[] = TABLES.flatMap((table) => {
    const name = shape.pools[table];
    if (name === null) return [];
    const fallback = shape.fallback && table === 'web' ? [FALLBACK] : [];
    const floor = shape.floors[table];
    const one = pool(name, {
      table,
      fallback,
      exclusive: shape.exclusive[table],
      floor:
        typeof floor === 'number'
          ? { kind: 'count', count: floor }
          : { kind: 'percent', percent: Number.parseInt(floor, 10) },
    });
    return [{ ...one, killSources: 'auto', killStates: shape.killStates }];
  });
  const backends: BackendConfig[] = shape.members.map(({ name, mode, ...tables }) => {
    const memberships = TABLES.flatMap((table) => {
      const one = shape.pools[table];
      return one !== null && tables[table] ? [[one, addressesIn(table, name)] as const] : [];
    });
    return backend(name, Object.fromEntries(memberships), {
      checks: [check({ mode, rise: RISE, fall: FALL })],
    });
  });
  return config(pools, backends, { resyncMs });
}
