import type { BackendName, PoolName } from './names.ts';

/** What the operator wants, independent of health; `ready` is the absence of an override. */
export type AdminState = 'ready' | 'drain' | 'maint' | 'force-up';

/** What the operator set, by whom, why and until when. It outranks health. */
export interface Override {
  readonly state: Exclude<AdminState, 'ready'>;
  /** The user's name as the client sent it, unverified; null when it sent none. */
  readonly by: string | null;
  readonly reason: string | null;
  readonly sinceMs: number;
  /** Wall time at which the override expires; null for never. */
  readonly untilMs: number | null;
}

/** What an override applies to: a whole backend (`pool` null) or its membership of one pool. */
export interface Scope {
  readonly backend: BackendName;
  readonly pool: PoolName | null;
}

/** Keyed by `scopeKey`. */
export type Overrides = ReadonlyMap<string, Override>;

/** The scope as the CLI writes it: `lb1` or `web/lb1`. */
export function scopeKey(scope: Scope): string {
  return scope.pool === null ? scope.backend : `${scope.pool}/${scope.backend}`;
}

/** The backend's part of a scope key. */
export function backendOfKey(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/**
 * Sets `override` for every scope, or removes what is set there (null, which is `ready`). The last
 * override wins: one on a backend replaces those on its memberships.
 */
export function withOverrides(
  overrides: Overrides,
  scopes: readonly Scope[],
  override: Override | null,
): Overrides {
  const next = new Map(overrides);
  const wholeBackends = new Set<string>(
    scopes.filter(({ pool }) => pool === null).map(({ backend }) => backend),
  );
  if (wholeBackends.size > 0) {
    for (const key of next.keys()) if (wholeBackends.has(backendOfKey(key))) next.delete(key);
  }
  for (const scope of scopes) {
    if (override === null) next.delete(scopeKey(scope));
    else next.set(scopeKey(scope), override);
  }
  return next;
}

/** The override in force for a scope: its own, else its backend's. */
export function overrideOf(overrides: Overrides, scope: Scope): Override | null {
  const own = overrides.get(scopeKey(scope));
  return own ?? overrides.get(scope.backend) ?? null;
}

/** Moves every expiry by `byMs`; returns the same map when nothing expires. */
export function withShiftedEnds(overrides: Overrides, byMs: number): Overrides {
  if ([...overrides.values()].every(({ untilMs }) => untilMs === null)) return overrides;
  return new Map(
    [...overrides].map(([key, one]) => {
      const untilMs = one.untilMs === null ? null : one.untilMs + byMs;
      return [key, { ...one, untilMs }];
    }),
  );
}

/** The keys of the overrides that have expired at `wallMs`. */
export function expiredKeys(overrides: Overrides, wallMs: number): string[] {
  return [...overrides]
    .filter(([, { untilMs }]) => untilMs !== null && untilMs <= wallMs)
    .map(([key]) => key);
}
