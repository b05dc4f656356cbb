import type { KillJson, StatesJson } from '../protocol/protocol.ts';
import type { Serving } from '../state/serving.ts';
import { ok, type RouteDeps, type RouteRequest, type RouteResponse, refuse } from './route.ts';
import { resolveName, unknownName } from './scopes.ts';

/** `GET /v1/states`: what clients still have open to a backend. */
export async function countStates(
  { daemon }: RouteDeps,
  { query }: RouteRequest,
): Promise<RouteResponse> {
  const name = query.get('name') ?? '';
  const scope = resolveName(daemon.view, name);
  if (scope === null) return refuse(404, unknownName(daemon.view, name));
  const result = await daemon.connections.count(scope);
  if (result.kind === 'counted') {
    return ok<StatesJson>({ name, open: result.open, sticky: result.sticky });
  }
  const what = result.of === 'states' ? "pf's states" : 'sticky clients';
  return refuse(503, `${what} can't be read: ${result.error.message}`);
}

/** `POST /v1/kill-states`: ends the states of a backend that serves nowhere. */
export async function killStates(
  { daemon }: RouteDeps,
  { body }: RouteRequest,
): Promise<RouteResponse> {
  const name = String(body.name ?? '');
  const scope = resolveName(daemon.view, name);
  if (scope === null) return refuse(404, unknownName(daemon.view, name));
  const result = await daemon.connections.end(scope);
  switch (result.kind) {
    case 'ended':
      return ok<KillJson>({ name, killed: result.states, left: result.left });
    case 'serves':
      return refuse(409, servingText(result.address, result.serving));
    case 'error':
      return refuse(503, `pf's states can't be ended: ${result.error.message}`);
  }
}

function servingText(address: string, { pool, how }: Serving): string {
  switch (how) {
    case 'wanted':
      return `${address} is in service in pool ${pool.name}, and states can't be told apart by pool`;
    case 'held':
      return `${address} is in <${pool.table}> still: pf has not confirmed the removal`;
    case 'unread':
      return `${address} may be in <${pool.table}>, which could not be read yet`;
  }
}
