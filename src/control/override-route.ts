import { type Override, type Scope, scopeKey } from '../core/override.ts';
import type { Daemon } from '../daemon/daemon.ts';
import { decodeAdminRequest } from '../protocol/admin-request.ts';
import type { AdminResponse } from '../protocol/protocol.ts';
import type { StateView } from '../state/view.ts';
import { ok, type RouteDeps, type RouteRequest, type RouteResponse, refuse } from './route.ts';
import { resolveScopes } from './scopes.ts';

/** `POST /v1/admin`: drain, maint, force-up and ready. */
export function setOverride({ daemon, clock }: RouteDeps, { body }: RouteRequest): RouteResponse {
  const decoded = decodeAdminRequest(body);
  if (!decoded.ok) return refuse(400, decoded.error);
  const { state, names, pools, by, reason, for_ms, force } = decoded.request;
  const resolved = resolveScopes(daemon.view, names, pools);
  if (!resolved.ok) return refuse(404, resolved.error);
  const wider = state === 'ready' ? widerOverride(daemon.view, resolved.scopes) : null;
  if (wider !== null) return refuse(409, wider);
  const nowMs = clock.wallMs();
  const untilMs = for_ms === null ? null : nowMs + for_ms;
  const override: Override | null =
    state === 'ready' ? null : { state, by, reason, sinceMs: nowMs, untilMs };
  const isOut = state === 'drain' || state === 'maint';
  const refusal = isOut && !force ? floorRefusal(daemon, resolved.scopes, override) : null;
  if (refusal !== null) return refuse(409, refusal);
  daemon.override(resolved.scopes, override, by);
  return ok<AdminResponse>({ names: resolved.scopes.map(scopeKey) });
}

/** A membership can't be ready while its whole backend has an override. */
function widerOverride({ overrides }: StateView, scopes: readonly Scope[]): string | null {
  for (const { backend, pool } of scopes) {
    const whole = pool === null ? undefined : overrides.get(backend);
    if (whole === undefined) continue;
    return `${backend} as a whole is in ${whole.state}: "hfmctl ready ${backend}" ends that`;
  }
  return null;
}

/** What would happen, where the override would take a pool below its floor. */
function floorRefusal(
  daemon: Daemon,
  scopes: readonly Scope[],
  override: Override | null,
): string | null {
  const breaches = daemon.breachesOf(scopes, override).map(({ pool, family, left, floor }) => {
    const name = family === 'inet' ? 'IPv4' : 'IPv6';
    return `${pool} would have ${left} ${name} address${left === 1 ? '' : 'es'} in service, below its min_in_service of ${floor}`;
  });
  return breaches.length === 0 ? null : `${breaches.join('; ')} (--force does it all the same)`;
}
