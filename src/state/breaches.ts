import type { PoolName } from '../core/names.ts';
import { type Override, type Scope, withOverrides } from '../core/override.ts';
import { type FloorBreach, floorBreach } from '../core/policy.ts';
import { poolsOfScopes } from './backend.ts';
import { candidatesOf, decide } from './decide.ts';
import type { PoolView, StateView } from './view.ts';

/** Which pool an override would take below its floor, and how far. */
export interface Breach extends FloorBreach {
  readonly pool: PoolName;
}

/** Where an override would take more out of a pool than its floor leaves. */
export function breachesOf(
  view: StateView,
  scopes: readonly Scope[],
  override: Override | null,
  nowMs: number,
): Breach[] {
  const after = { ...view, overrides: withOverrides(view.overrides, scopes, override) };
  return [...poolsOfScopes(view, scopes)].flatMap((name) => {
    const known = view.pools.get(name);
    if (known === undefined) return [];
    const { pool, previous } = known.outcome === null ? supposedFull(known) : supposed(known);
    const breach = floorBreach(
      pool.config,
      candidatesOf(after, pool),
      decide(view, pool, nowMs, previous),
      decide(after, pool, nowMs, previous),
      pool.actual ?? new Set(),
    );
    return breach === null ? [] : [{ pool: name, ...breach }];
  });
}

interface Supposed {
  readonly pool: PoolView;
  readonly previous: Parameters<typeof decide>[3];
}

function supposed(pool: PoolView): Supposed {
  return { pool, previous: undefined };
}

/** A table that was not read yet may hold every member, so assume that it does. */
function supposedFull(pool: PoolView): Supposed {
  const all = new Set(pool.members.flatMap(({ addresses }) => addresses));
  return { pool: { ...pool, actual: all }, previous: all };
}
