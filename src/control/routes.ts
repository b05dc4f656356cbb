import { poolName } from '../core/names.ts';
import type { TablePlan } from '../daemon/reload-plan.ts';
import type {
  CheckNowJson,
  ProcessJson,
  ReloadJson,
  TableJson,
  TablePlanJson,
  VersionJson,
} from '../protocol/protocol.ts';
import { ownCredentials } from '../sys/user.ts';
import { VERSION } from '../version.ts';
import { explainView } from '../views/explain-view.ts';
import { takeSnapshot } from '../views/snapshot.ts';
import { fleetView, probeView, statusView } from '../views/status-view.ts';
import { countStates, killStates } from './connection-routes.ts';
import { setOverride } from './override-route.ts';
import {
  ok,
  type Route,
  type RouteDeps,
  type RouteRequest,
  type RouteResponse,
  refuse,
} from './route.ts';
import { resolveName, unknownName, unknownPool } from './scopes.ts';

/** Everything but `GET /v1/events`, which does not end. */
export const ROUTES: Readonly<Record<string, Route>> = {
  'GET /v1/status': status,
  'GET /v1/version': ({ node }) => ok<VersionJson>({ version: VERSION, node }),
  'GET /v1/process': ownProcess,
  'GET /v1/explain': explain,
  'GET /v1/tables': tables,
  'GET /v1/states': countStates,
  'POST /v1/admin': setOverride,
  'POST /v1/check': checkNow,
  'POST /v1/kill-states': killStates,
  'POST /v1/reload': reload,
};

async function status({ daemon, node, slices }: RouteDeps): Promise<RouteResponse> {
  return ok(await statusView(daemon, takeSnapshot(daemon), node, slices));
}

function ownProcess({ daemon }: RouteDeps): RouteResponse {
  const { file } = daemon.view.config;
  return ok<ProcessJson>({ pid: process.pid, ...ownCredentials(), cwd: process.cwd(), file });
}

function explain({ daemon }: RouteDeps, { query }: RouteRequest): RouteResponse {
  const { view } = daemon;
  const name = query.get('name') ?? '';
  const scope = resolveName(view, name);
  const backend = scope === null ? undefined : view.backends.get(scope.backend);
  if (backend === undefined) return refuse(404, unknownName(view, name));
  return ok(explainView(daemon, backend));
}

async function tables(
  { daemon, slices }: RouteDeps,
  { query }: RouteRequest,
): Promise<RouteResponse> {
  const { view } = daemon;
  const name = query.get('pool');
  if (name !== null && !view.pools.has(poolName(name))) return refuse(404, unknownPool(view, name));
  const snapshot = takeSnapshot(daemon);
  const { pools } = await fleetView(snapshot, slices);
  const wanted = pools.filter((pool) => name === null || pool.name === name);
  return ok({
    tables: await slices.map(wanted, (pool): TableJson => {
      const managed = snapshot.tables.get(poolName(pool.name))?.managed ?? [];
      const own = new Set<string>(managed);
      const foreign = (pool.actual ?? []).filter((entry) => !own.has(entry));
      return { ...pool, managed, foreign };
    }),
  });
}

async function checkNow({ daemon }: RouteDeps, { body }: RouteRequest): Promise<RouteResponse> {
  const { view } = daemon;
  const name = String(body.name ?? '');
  const scope = resolveName(view, name);
  const results = scope === null ? null : await daemon.probeNow(scope.backend);
  if (results === null) return refuse(404, unknownName(view, name));
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
