import { backendName, poolName } from '../core/names.ts';
import { nearest } from '../core/nearest.ts';
import type { Scope } from '../core/override.ts';
import type { StateView } from '../state/view.ts';

export type ScopesResult =
  | { readonly ok: true; readonly scopes: readonly Scope[] }
  | { readonly ok: false; readonly error: string };

/** The scopes that `lb1`, `web/lb1` and whole pools name. The first unknown name is the error. */
export function resolveScopes(
  view: StateView,
  names: readonly string[],
  pools: readonly string[],
): ScopesResult {
  const scopes: Scope[] = [];
  for (const name of names) {
    const scope = resolveName(view, name);
    if (scope === null) return { ok: false, error: unknownName(view, name, `: --pool ${name}`) };
    scopes.push(scope);
  }
  for (const name of pools) {
    const pool = poolName(name);
    if (!view.pools.has(pool)) return { ok: false, error: unknownPool(view, name) };
    for (const { config } of view.backends.values()) {
      if (config.memberships.some((one) => one.pool === pool)) {
        scopes.push({ backend: config.name, pool });
      }
    }
  }
  return { ok: true, scopes };
}

export function resolveName(view: StateView, name: string): Scope | null {
  const slash = name.indexOf('/');
  const backend = view.backends.get(backendName(name.slice(slash + 1)));
  if (backend === undefined) return null;
  if (slash < 0) return { backend: backend.config.name, pool: null };
  const pool = poolName(name.slice(0, slash));
  const isMember = backend.config.memberships.some((one) => one.pool === pool);
  return isMember ? { backend: backend.config.name, pool } : null;
}

export function unknownName(view: StateView, name: string, poolHint = ''): string {
  const backends = [...view.backends.keys()];
  const memberships = [...view.backends.values()].flatMap(({ config }) =>
    config.memberships.map(({ pool }) => `${pool}/${config.name}`),
  );
  const near = nearest(name, name.includes('/') ? memberships : [...backends, ...memberships]);
  const what = name.includes('/') ? 'membership' : 'backend';
  const isPool = view.pools.has(poolName(name));
  const hint = isPool
    ? ` (it is a pool${poolHint})`
    : near === null
      ? ''
      : `; did you mean "${near}"?`;
  return `no ${what} "${name}"${hint}`;
}

export function unknownPool(view: StateView, name: string): string {
  const near = nearest(name, view.pools.keys());
  return `no pool "${name}"${near === null ? '' : `; did you mean "${near}"?`}`;
}
