import type { BackendName, PoolName } from './names.ts';

/** What the operator wants, on an axis of its own beside health. */
export type AdminState = 'ready' | 'drain' | 'maint' | 'force-up';

/** An admin state other than `ready`, and whose word it is. */
export interface Override {
  readonly state: Exclude<AdminState, 'ready'>;
  /** As the client claims it; null when it did not say. */
  readonly by: string | null;
  readonly reason: string | null;
  readonly sinceMs: number;
  /** Wall time at which it returns to ready by itself; null for never. */
  readonly untilMs: number | null;
}

/** A whole backend (`pool` null) or its membership of one pool. */
export interface Scope {
  readonly backend: BackendName;
  readonly pool: PoolName | null;
}

/** By `scopeKey`. */
export type Overrides = ReadonlyMap<string, Override>;

/** As the CLI writes it: `lb1` or `web/lb1`. */
export function scopeKey(scope: Scope): string {
  return scope.pool === null ? scope.backend : `${scope.pool}/${scope.backend}`;
}

/** The backend that a scope key speaks of. */
export function backendOfKey(key: string): string {
  return key.slice(key.indexOf('/') + 1);
}

/**
 * The last word wins, and the wider replaces the narrower: what is said of a backend ends what was
 * said of its memberships. `ready` is the absence of an override.
 */
export function withOverrides(
  overrides: Overrides,
  scopes: readonly Scope[],
  override: Override | null,
): Overrides {
  const next = new Map(overrides);
  const whole = new Set<string>(
    scopes.filter(({ pool }) => pool === null).map((one) => one.backend),
  );
  if (whole.size > 0) {
    for (const key of next.keys()) if (whole.has(backendOfKey(key))) next.delete(key);
  }
  for (const scope of scopes) {
    if (override === null) next.delete(scopeKey(scope));
    else next.set(scopeKey(scope), override);
  }
  return next;
}

/** The override that holds for a membership: its own, else the backend's. */
export function overrideOf(overrides: Overrides, scope: Scope): Override | null {
  const own = overrides.get(scopeKey(scope));
  return own ?? overrides.get(scope.backend) ?? null;
}

/** With the ends of their times shifted; the same when none has an end. */
export function withShiftedEnds(overrides: Overrides, byMs: number): Overrides {
  if ([...overrides.values()].every(({ untilMs }) => untilMs === null)) return overrides;
  return new Map(
    [...overrides].map(([key, one]) => {
      const untilMs = one.untilMs === null ? null : one.untilMs + byMs;
      return [key, { ...one, untilMs }];
    }),
  );
}

/** The keys whose time is over at `wallMs`. */
export function expiredKeys(overrides: Overrides, wallMs: number): string[] {
  return [...overrides]
    .filter(([, { untilMs }]) => untilMs !== null && untilMs <= wallMs)
    .map(([key]) => key);
}
