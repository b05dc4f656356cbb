import type { CheckConfig } from '../config/config.ts';
import { combine, type Health, type Held } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import { type Override, overrideOf, type Scope } from '../core/override.ts';
import type { BackendView, CheckView, Member, StateView } from './view.ts';

/** A backend's health from its checks', those with a fixed mode included; unknown where all are off. */
export function healthOf(backend: BackendView): Health {
  const healths = backend.checks.map(checkHealth).filter((health) => health !== null);
  return combine(backend.config.require, healths);
}

/** Null for a check that is off. */
export function checkHealth({ config, streak }: CheckView): Health | null {
  switch (config.mode) {
    case 'check':
      return streak.health;
    case 'off':
      return null;
    case 'up':
    case 'down':
      return config.mode;
  }
}

/** Whether every check is off, so that hfm leaves the backend's addresses as they are. */
export function isOff({ checks }: BackendView): boolean {
  return checks.every(({ config }) => config.mode === 'off');
}

/** Whether the backend itself wants no new traffic (`drain_status`). */
export function asksDrain({ checks }: BackendView): boolean {
  return checks.some((check) => check.config.mode === 'check' && check.asksDrain);
}

/** A backend is not probed in maintenance, nor when each of its memberships is. */
export function isProbed({ overrides }: StateView, { config }: BackendView): boolean {
  const stateOf = (pool: PoolName | null): Override['state'] | undefined =>
    overrideOf(overrides, { backend: config.name, pool })?.state;
  if (config.memberships.length === 0) return stateOf(null) !== 'maint';
  return config.memberships.some(({ pool }) => stateOf(pool) !== 'maint');
}

/** What the tables hold of all of a backend's addresses. */
export function heldOf(view: StateView, backend: BackendView): Held {
  const inTable = backend.config.memberships.flatMap(({ pool, addresses }) => {
    const { actual = null, asked, outcome = null } = view.pools.get(pool) ?? {};
    return addresses.map((address) => {
      if (actual === null || asked?.has(address)) return null;
      // hfm puts back what another program has taken out: to take it out again is a removal.
      return actual.has(address) || (outcome?.desired.has(address) ? null : false);
    });
  });
  if (inTable.length === 0) return 'neither';
  if (inTable.every((held) => held === true)) return 'all';
  return inTable.every((held) => held === false) ? 'none' : 'neither';
}

/**
 * Whether another member may still change as the first ones did: its health differs from theirs, or
 * is unknown while it is probed.
 */
export function mayMoreFollow(view: StateView, members: readonly Member[]): boolean {
  const judged = members.find(({ backend }) => backend.health !== 'unknown');
  if (judged === undefined) return false;
  const { health } = judged.backend;
  const asks = isUpAndAsksDrain(judged.backend);
  return members.some(({ backend }) =>
    backend.health === 'unknown'
      ? !isOff(backend) && isProbed(view, backend)
      : backend.health !== health || isUpAndAsksDrain(backend) !== asks,
  );
}

/** The pools in whose tables the backend has addresses. */
export function poolsOf({ config }: BackendView): PoolName[] {
  return config.memberships.map(({ pool }) => pool);
}

/** The pools of a backend, by its name; none where it is not configured. */
export function poolsOfBackend({ backends }: StateView, name: BackendName): PoolName[] {
  const backend = backends.get(name);
  return backend === undefined ? [] : poolsOf(backend);
}

/** The pools in which an override for these scopes may change what is decided. */
export function poolsOfScopes(view: StateView, scopes: readonly Scope[]): Set<PoolName> {
  return new Set(
    scopes.flatMap(({ backend, pool }) => (pool === null ? poolsOfBackend(view, backend) : [pool])),
  );
}

/** Equal for two checks exactly when their configurations are equal. */
export function checkFingerprint(check: CheckConfig): string {
  return JSON.stringify(check, (_, value: unknown) =>
    value instanceof RegExp ? value.source : value,
  );
}

/** A backend that is down is out for that, whatever it asked for before. */
function isUpAndAsksDrain(backend: BackendView): boolean {
  return backend.health === 'up' && asksDrain(backend);
}
