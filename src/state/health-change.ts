import type { Health } from '../core/health.ts';
import type { ProbeRecord } from '../core/probe-history.ts';
import type { Verdict } from '../core/verdict.ts';
import { asksDrain, healthOf, poolsOf } from './backend.ts';
import type { Now } from './carry-over.ts';
import type { BackendData, CheckData, StateData } from './data.ts';
import { type Effects, EffectsDraft, NO_EFFECTS } from './effects.ts';
import type { CheckView } from './view.ts';

/** What made a backend's health change. */
export interface Cause {
  readonly check: string | null;
  readonly reason: string | null;
  readonly detail: string;
  /** "3 of 3": the streak against rise or fall. */
  readonly count: string | null;
}

export const BY_MODE: Cause = {
  check: null,
  reason: null,
  detail: 'by configuration',
  count: null,
};

export const BY_MAINTENANCE: Cause = {
  check: null,
  reason: null,
  detail: 'in maintenance',
  count: null,
};

export function causeOf({ config, streak }: CheckView, { verdict }: ProbeRecord): Cause {
  const { kind, reason, detail } = verdict;
  const { name, rise, fall } = config;
  const { passes, failures } = streak;
  const passed = kind === 'pass';
  return {
    check: name,
    reason: reason ?? null,
    detail,
    count: `${passed ? passes : failures} of ${passed ? rise : fall}`,
  };
}

/**
 * Applies a verdict's `asksDrain`. A backend that asks for it is drained at once:
 * unlike a failure this needs no second answer. Null when nothing has changed.
 */
export function noteAsksDrain(
  backend: BackendData,
  check: CheckData,
  verdict: Verdict,
): EffectsDraft | null {
  const before = asksDrain(backend);
  if (verdict.kind === 'pass') check.asksDrain = verdict.asksDrain === true;
  const active = asksDrain(backend);
  if (active === before) return null;
  const effects = new EffectsDraft();
  const { name } = backend.config;
  effects.events.push({ kind: 'asks-drain', backend: name, active, detail: verdict.detail });
  effects.changedPools.push(...poolsOf(backend));
  return effects;
}

/** Makes a backend's health be what its checks say; what follows is added to `draft`, if there is one. */
export function updateHealth(
  data: StateData,
  now: () => Now,
  draft: EffectsDraft | null,
  backend: BackendData,
  why: () => Cause,
): Effects {
  const health = healthOf(backend);
  const from = backend.health;
  if (health === from) return draft ?? NO_EFFECTS;
  const effects = draft ?? new EffectsDraft();
  const { wallMs, monotonicMs } = now();
  const lastedMs = monotonicMs - backend.sinceMonotonicMs;
  backend.health = health;
  backend.sinceMs = wallMs;
  backend.sinceMonotonicMs = monotonicMs;
  announceChange(effects, backend, from, why(), lastedMs);
  if (from === 'unknown' && health === 'down') noteOut(effects, data, backend);
  effects.changedPools.push(...poolsOf(backend));
  return effects;
}

export function announceChange(
  effects: EffectsDraft,
  backend: BackendData,
  from: Health,
  cause: Cause,
  lastedMs: number,
): void {
  const { name } = backend.config;
  const { check, reason, detail, count } = cause;
  effects.events.push({
    kind: 'health',
    backend: name,
    from,
    to: backend.health,
    check,
    reason,
    detail,
    count,
    lastedMs,
  });
  announce(effects, backend, from, cause);
}

/** Actions hear of a health once, also over a restart. */
export function announce(
  effects: EffectsDraft,
  backend: BackendData,
  from: Health,
  { reason, detail }: Cause,
): void {
  const to = backend.health;
  if (to === 'unknown' || to === backend.announced) return;
  const known = from === 'unknown' ? (backend.announced ?? from) : from;
  backend.announced = to;
  effects.announcements.push({ backend: backend.config.name, from: known, to, reason, detail });
  effects.save('soon');
}

/** A backend that is found to be down may be out already, while pf still sends known clients there. */
function noteOut(effects: EffectsDraft, { pools }: StateData, { config }: BackendData): void {
  for (const { pool, addresses } of config.memberships) {
    const actual = pools.get(pool)?.actual;
    const out = addresses.filter((address) => actual?.has(address) === false);
    if (out.length > 0) effects.removed.push({ pool, entries: out });
  }
}
