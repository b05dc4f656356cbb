import {
  countOpen,
  countSticky,
  endConnections,
  type MemberConnections,
  PACE,
} from '../connections/connections.ts';
import { poolName } from '../core/names.ts';
import type { Override, Scope } from '../core/override.ts';
import { scopeKey } from '../core/override.ts';
import type { Daemon } from '../daemon/daemon.ts';
import type { TablePlan } from '../daemon/reload-plan.ts';
import type { StampedEvent } from '../events/event.ts';
import { decodeAdminRequest } from '../protocol/admin-request.ts';
import type {
  AdminResponse,
  CheckNowJson,
  ErrorJson,
  EventJson,
  KillJson,
  ProcessJson,
  ReloadJson,
  StatesJson,
  TableJson,
  TablePlanJson,
  VersionJson,
} from '../protocol/protocol.ts';
import type { Live } from '../state/live.ts';
import { type Serving, servingOf } from '../state/serving.ts';
import type { Clock } from '../sys/clock.ts';
import type { Turns } from '../sys/turns.ts';
import { ownCredentials } from '../sys/user.ts';
import { VERSION } from '../version.ts';
import { explainView } from '../views/explain-view.ts';
import { fleetView, isoTime, probeView, statusView } from '../views/status-view.ts';
import { resolveName, resolveScopes, unknownName, unknownPool } from './scopes.ts';

/** What every route may ask of the process around it. */
export interface RouteDeps {
  readonly daemon: Daemon;
  readonly node: string;
  readonly clock: Clock;
  readonly turns: Turns;
  readonly ownAddresses: () => ReadonlySet<string>;
}

interface RouteRequest {
  readonly query: URLSearchParams;
  readonly body: Readonly<Record<string, unknown>>;
}

export interface RouteResponse {
  readonly status: number;
  readonly json: object;
}

export type Route = (
  deps: RouteDeps,
  request: RouteRequest,
) => RouteResponse | Promise<RouteResponse>;

/** Everything but `GET /v1/events`, which does not end. */
export const ROUTES: Readonly<Record<string, Route>> = {
  'GET /v1/status': async ({ daemon, node, turns }) => ok(await statusView(daemon, node, turns)),
  'GET /v1/version': ({ node }) => ok<VersionJson>({ version: VERSION, node }),
  'GET /v1/process': ownProcess,
  'GET /v1/explain': explain,
  'GET /v1/tables': tables,
  'GET /v1/states': states,
  'POST /v1/admin': admin,
  'POST /v1/check': checkNow,
  'POST /v1/kill-states': killStates,
  'POST /v1/reload': reload,
};

export function eventJson({ seq, atMs, event }: StampedEvent): EventJson {
  return { seq, ...event, at: isoTime(atMs) };
}

export function refuse(status: number, error: string, errors?: readonly string[]): RouteResponse {
  const json: ErrorJson = errors === undefined ? { error } : { error, errors };
  return { status, json };
}

function ok<T extends object>(json: T): RouteResponse {
  return { status: 200, json };
}

function ownProcess({ daemon }: RouteDeps): RouteResponse {
  const { file } = daemon.controller.live.config;
  return ok<ProcessJson>({ pid: process.pid, ...ownCredentials(), cwd: process.cwd(), file });
}

function explain({ daemon }: RouteDeps, { query }: RouteRequest): RouteResponse {
  const { live } = daemon.controller;
  const name = query.get('name') ?? '';
  const scope = resolveName(live, name);
  const backend = scope === null ? undefined : live.backends.get(scope.backend);
  if (backend === undefined) return refuse(404, unknownName(live, name));
  return ok(explainView(daemon, backend));
}

async function tables(
  { daemon, turns }: RouteDeps,
  { query }: RouteRequest,
): Promise<RouteResponse> {
  const { live } = daemon.controller;
  const name = query.get('pool');
  if (name !== null && !live.pools.has(poolName(name))) return refuse(404, unknownPool(live, name));
  const { pools } = await fleetView(daemon, turns);
  const wanted = pools.filter((pool) => name === null || pool.name === name);
  return ok({
    tables: await turns.map(wanted, (pool): TableJson => {
      const managed = daemon.reconciler.leftIn(pool);
      const own = new Set<string>(managed);
      const foreign = (pool.actual ?? []).filter((entry) => !own.has(entry));
      return { ...pool, managed, foreign };
    }),
  });
}

async function states(deps: RouteDeps, { query }: RouteRequest): Promise<RouteResponse> {
  const name = query.get('name') ?? '';
  const member = memberOf(deps, name);
  if (member === null) return refuse(404, unknownName(deps.daemon.controller.live, name));
  const open = await countOpen(deps.daemon.driver, member);
  if (!open.ok) return refuse(503, `pf's states can't be read: ${open.error.message}`);
  const sticky = member.endsSources ? await countSticky(deps.daemon.driver, member) : null;
  if (sticky?.ok === false && sticky.error.kind !== 'permission')
    return refuse(503, `sticky clients can't be read: ${sticky.error.message}`);
  return ok<StatesJson>({
    name,
    open: open.value,
    sticky: sticky?.ok === true ? sticky.value : null,
  });
}

async function killStates(deps: RouteDeps, { body }: RouteRequest): Promise<RouteResponse> {
  const { live } = deps.daemon.controller;
  const name = String(body.name ?? '');
  const member = memberOf(deps, name);
  if (member === null) return refuse(404, unknownName(live, name));
  const other = stillServes(live, member.addresses);
  if (other !== null) return refuse(409, other);
  const mayEnd = (address: string): boolean => servingOf(live, address) === null;
  const how = { clock: deps.clock, ...PACE, mayEnd };
  const ended = await endConnections(deps.daemon.driver, member, how);
  if (!ended.ok) return refuse(503, `pf's states can't be ended: ${ended.error.message}`);
  return ok<KillJson>({ name, killed: sum(ended.value.ended.values()), left: ended.value.left });
}

interface Member extends MemberConnections {
  /** Whether its pools end the source nodes that point at what has left. */
  readonly endsSources: boolean;
}

function memberOf({ daemon, ownAddresses }: RouteDeps, name: string): Member | null {
  const { live } = daemon.controller;
  const scope = resolveName(live, name);
  const backend = scope === null ? undefined : live.backends.get(scope.backend);
  if (scope === null || backend === undefined) return null;
  const memberships = backend.config.memberships.filter(
    ({ pool }) => scope.pool === null || pool === scope.pool,
  );
  return {
    addresses: new Set<string>(memberships.flatMap((membership) => membership.addresses)),
    ownAddresses: ownAddresses(),
    endsSources: memberships.some(
      ({ pool }) => live.pools.get(pool)?.config.killSources === 'auto',
    ),
  };
}

/** States carry no table: those of an address that serves, here or in another pool, must stay. */
function stillServes(live: Readonly<Live>, addresses: ReadonlySet<string>): string | null {
  for (const address of addresses) {
    const serving = servingOf(live, address);
    if (serving !== null) return servingText(address, serving);
  }
  return null;
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

function sum(counts: Iterable<number>): number {
  return [...counts].reduce((all, one) => all + one, 0);
}

function admin({ daemon, clock }: RouteDeps, { body }: RouteRequest): RouteResponse {
  const decoded = decodeAdminRequest(body);
  if (!decoded.ok) return refuse(400, decoded.error);
  const { state, names, pools, by, reason, for_ms, force } = decoded.request;
  const { controller } = daemon;
  const resolved = resolveScopes(controller.live, names, pools);
  if (!resolved.ok) return refuse(404, resolved.error);
  const wider = state === 'ready' ? stillOverridden(controller.live, resolved.scopes) : null;
  if (wider !== null) return refuse(409, wider);
  const nowMs = clock.wallMs();
  const untilMs = for_ms === null ? null : nowMs + for_ms;
  const override: Override | null =
    state === 'ready' ? null : { state, by, reason, sinceMs: nowMs, untilMs };
  const isOut = state === 'drain' || state === 'maint';
  const refusal = isOut && !force ? floorRefusal(daemon, resolved.scopes, override) : null;
  if (refusal !== null) return refuse(409, refusal);
  controller.override(resolved.scopes, override, by);
  return ok<AdminResponse>({ names: resolved.scopes.map(scopeKey) });
}

/** A membership can't be ready while its whole backend is not. */
function stillOverridden(live: Readonly<Live>, scopes: readonly Scope[]): string | null {
  for (const { backend, pool } of scopes) {
    const whole = pool === null ? undefined : live.overrides.get(backend);
    if (whole === undefined) continue;
    return `${backend} as a whole is in ${whole.state}: "hfmctl ready ${backend}" ends that`;
  }
  return null;
}

/** What would happen, when it would take a pool below its floor. */
function floorRefusal(
  { controller }: Daemon,
  scopes: readonly Scope[],
  override: Override | null,
): string | null {
  const breaches = controller.breachesOf(scopes, override).map(({ pool, family, left, floor }) => {
    const name = family === 'inet' ? 'IPv4' : 'IPv6';
    return `${pool} would have ${left} ${name} address${left === 1 ? '' : 'es'} in service, below its min_in_service of ${floor}`;
  });
  return breaches.length === 0 ? null : `${breaches.join('; ')} (--force does it all the same)`;
}

async function checkNow({ daemon }: RouteDeps, { body }: RouteRequest): Promise<RouteResponse> {
  const { live } = daemon.controller;
  const name = String(body.name ?? '');
  const scope = resolveName(live, name);
  const results = scope === null ? null : await daemon.probeNow(scope.backend);
  if (results === null) return refuse(404, unknownName(live, name));
  return ok<CheckNowJson>({
    name,
    results: results.map(({ check, record }) => ({ check, ...probeView(record) })),
  });
}

async function reload({ daemon }: RouteDeps, { body }: RouteRequest): Promise<RouteResponse> {
  const refusal = 'the configuration has errors; the running one goes on';
  if (body.plan === true) {
    const planned = await daemon.plan();
    if (!planned.ok) return refuse(409, refusal, planned.errors);
    return ok<ReloadJson>({ notes: planned.notes, tables: planned.plans.map(planJson) });
  }
  const reloaded = daemon.reload();
  if (!reloaded.ok) return refuse(409, refusal, reloaded.errors);
  return ok<ReloadJson>({ notes: reloaded.notes });
}

function planJson({ pool, table, anchor, change, error }: TablePlan): TablePlanJson {
  const place = { pool, table, anchor, operation: change.kind, error: error?.message ?? null };
  switch (change.kind) {
    case 'none':
      return { ...place, add: [], remove: [] };
    case 'update':
      return { ...place, add: change.add, remove: change.remove };
    case 'replace':
      return { ...place, add: change.entries, remove: [] };
  }
}
