import type { MembershipConfig } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import { type AdminState, type Override, overrideOf } from '../core/override.ts';
import type { ProbeRecord } from '../core/probe-history.ts';
import type { Daemon } from '../daemon/daemon.ts';
import type {
  AdminJson,
  BackendJson,
  CheckJson,
  MembershipJson,
  PoolJson,
  ProbeJson,
  StatusJson,
} from '../protocol/protocol.ts';
import { asksDrain, checkHealth, isProbed } from '../state/backend.ts';
import { isShown } from '../state/serving.ts';
import type { BackendView, CheckView, PoolView } from '../state/view.ts';
import type { Slices } from '../sys/slices.ts';
import { UNREAD_VIEW } from '../tables/table-view.ts';
import { VERSION } from '../version.ts';
import { engineView } from './engine-view.ts';
import type { Snapshot } from './snapshot.ts';

/** Everything, as `hfmctl status --json` shows it. */
export async function statusView(
  daemon: Pick<Daemon, 'startedAtMs' | 'loadedAtMs' | 'driver'>,
  snapshot: Snapshot,
  node: string,
  slices: Slices,
): Promise<StatusJson> {
  const { config } = snapshot.state;
  const { backends, pools, members } = await fleetView(snapshot, slices);
  const fleetProblems = [
    ...(await slices.map(backends, backendProblems)),
    ...(await slices.map(pools, (pool) => poolProblems(pool, members.get(pool.name) ?? []))),
  ].flat();
  const problems = [...fleetProblems, ...snapshot.problems];
  return {
    node,
    version: VERSION,
    pid: process.pid,
    started_at: isoTime(daemon.startedAtMs),
    driver: daemon.driver,
    config: {
      file: config.file,
      sha256: config.sha256,
      loaded_at: isoTime(daemon.loadedAtMs),
    },
    degraded: problems.length > 0,
    problems,
    warnings: snapshot.warnings,
    backends,
    pools,
    retired_tables: snapshot.retired.map(({ ref, ...retired }) => ({ ...ref, ...retired })),
    node_problems: snapshot.nodeProblems.map(({ kind, detail, count, sinceMs, lastMs }) => ({
      kind,
      detail,
      count,
      since: isoTime(sinceMs),
      last_at: isoTime(lastMs),
    })),
    engine: engineView(snapshot.stats, snapshot.counts),
  };
}

interface FleetView {
  readonly backends: readonly BackendJson[];
  readonly pools: readonly PoolJson[];
  /** By the name of the pool. */
  readonly members: ReadonlyMap<string, readonly MembershipJson[]>;
}

/** Every backend and every pool. */
export async function fleetView(snapshot: Snapshot, slices: Slices): Promise<FleetView> {
  const { state } = snapshot;
  const backends = await slices.map(state.backends.values(), (one) => backendView(snapshot, one));
  const members = new Map<string, MembershipJson[]>();
  for (const membership of backends.flatMap((backend) => backend.pools)) {
    const known = members.get(membership.name);
    if (known === undefined) members.set(membership.name, [membership]);
    else known.push(membership);
  }
  const pools = await slices.map(state.pools.values(), (pool) =>
    poolView(snapshot, pool, members.get(pool.config.name) ?? []),
  );
  return { backends, pools, members };
}

export function backendView(snapshot: Snapshot, backend: BackendView): BackendJson {
  const { state } = snapshot;
  const { name, address, memberships } = backend.config;
  return {
    name,
    address,
    health: backend.health,
    since: isoTime(backend.sinceMs),
    asks_drain: asksDrain(backend),
    admin: adminView(state.overrides.get(name) ?? null),
    probed:
      isProbed(state, backend) && backend.checks.some(({ config }) => config.mode === 'check'),
    checks: backend.checks.map(checkView),
    pools: memberships.map((membership) => membershipView(snapshot, backend, membership)),
  };
}

function poolView(
  { tables }: Snapshot,
  pool: PoolView,
  members: readonly MembershipJson[],
): PoolJson {
  const { name, table, anchor } = pool.config;
  const { view = UNREAD_VIEW, kept = [], ended = NOTHING_ENDED } = tables.get(name) ?? {};
  return {
    name,
    table,
    anchor,
    members: members.length,
    in_service: members.filter(({ in_service }) => in_service).length,
    fallback_in_use: pool.outcome?.fallbackInUse ?? false,
    desired: pool.outcome === null ? null : [...pool.outcome.desired],
    actual: view.actual,
    in_sync: view.inSync,
    confirmed_at: view.confirmedAtMs === null ? null : isoTime(view.confirmedAtMs),
    error: view.error?.message ?? null,
    kept,
    contested: view.contested,
    ended,
  };
}

const NOTHING_ENDED = { sources: 0, states: 0 };

export function probeView({ verdict, durationMs, atMs }: ProbeRecord): ProbeJson {
  return {
    verdict: verdict.kind,
    reason: verdict.kind === 'pass' ? null : verdict.reason,
    detail: verdict.detail,
    duration_ms: round(durationMs),
    at: isoTime(atMs),
  };
}

function isoTime(wallMs: number): string {
  return new Date(wallMs).toISOString();
}

function checkView(check: CheckView): CheckJson {
  const { config, streak, history } = check;
  const { last } = history;
  return {
    name: config.name,
    type: config.type,
    mode: config.mode,
    health: checkHealth(check) ?? 'unknown',
    streak: { passes: streak.passes, failures: streak.failures },
    last: last === null ? null : probeView(last),
  };
}

function membershipView(
  { state, tables }: Snapshot,
  backend: BackendView,
  { pool: name, addresses }: MembershipConfig,
): MembershipJson {
  const pool = state.pools.get(name);
  const desired = pool?.outcome?.desired ?? NO_ADDRESSES;
  const untouched = pool?.outcome?.untouched;
  const actual = pool?.actual;
  const wanted = addresses.filter((address) =>
    untouched?.has(address) ? actual?.has(address) : desired.has(address),
  );
  // A reading from before a table's trouble proves nothing of now.
  const isProven =
    pool !== undefined &&
    tables.get(name)?.view.error === null &&
    addresses.every((address) => isShown(pool, address));
  const override = overrideOf(state.overrides, { backend: backend.config.name, pool: name });
  return {
    name,
    addresses,
    in_service: wanted.length > 0,
    held_by: pool?.outcome?.heldByFloor.has(backend.config.name) ? 'min_in_service' : null,
    pending: !isProven,
    admin: adminView(override),
  };
}

const NO_ADDRESSES: ReadonlySet<Address> = new Set();

function adminView(override: Override | null): AdminJson {
  const state: AdminState = override?.state ?? 'ready';
  const untilMs = override?.untilMs ?? null;
  return {
    state,
    by: override?.by ?? null,
    reason: override?.reason ?? null,
    until: untilMs === null ? null : isoTime(untilMs),
  };
}

/** What the operator took out is no problem; what is down by itself, or held, is. */
function backendProblems({ name, health, admin, pools }: BackendJson): string[] {
  const held = pools
    .filter(({ held_by }) => held_by !== null)
    .map(
      (pool) =>
        `${pool.name}/${name} ${health === 'down' ? 'is down' : 'asks to be drained'} and is held in service by min_in_service`,
    );
  const states = pools.length > 0 ? pools.map((pool) => pool.admin.state) : [admin.state];
  const isOut = states.every((state) => state === 'drain' || state === 'maint');
  return health === 'down' && !isOut ? [`${name} is down`, ...held] : held;
}

function poolProblems(pool: PoolJson, members: readonly MembershipJson[]): string[] {
  const { name, in_sync, error, actual, fallback_in_use, contested } = pool;
  const problems: string[] = [];
  const isMeant = members.every(({ admin: { state } }) => state === 'drain' || state === 'maint');
  if (pool.in_service === 0 && !fallback_in_use && !isMeant) {
    problems.push(`${name}: nothing in service`);
  }
  if (fallback_in_use) problems.push(`${name}: nothing in service, the fallback is in`);
  if (contested > 0) {
    problems.push(`${name}: another program keeps changing the table (${contested} times)`);
  }
  if (pool.kept.length > 0) {
    problems.push(
      `${name}: ${pool.kept.join(' ')} left the configuration, kept as too few others serve`,
    );
  }
  if (error !== null) problems.push(`${name}: not proven in pf: ${error}`);
  else if (!in_sync) {
    const why = actual === null ? 'the table was not read yet' : 'a change is not confirmed yet';
    problems.push(`${name}: not proven in pf: ${why}`);
  }
  return problems;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
