import type { PoolConfig } from '../config/config.ts';
import { worstCaseDetectionMs } from '../core/schedule.ts';
import type { Daemon } from '../daemon/daemon.ts';
import type { ExplainCheckJson, ExplainJson, MembershipJson } from '../protocol/protocol.ts';
import { asksDrain } from '../state/backend.ts';
import type { BackendView } from '../state/view.ts';
import { spreadView } from './engine-view.ts';
import { takeSnapshot } from './snapshot.ts';
import { backendView, probeView } from './status-view.ts';

/** Why a backend is where it is. */
export function explainView(daemon: Daemon, backend: BackendView): ExplainJson {
  const snapshot = takeSnapshot(daemon);
  const view = backendView(snapshot, backend);
  const { pools } = snapshot.state;
  return {
    backend: view,
    require: backend.config.require,
    checks: backend.checks.map(({ config, history }): ExplainCheckJson => {
      const { rhythm, rise, fall } = config;
      return {
        name: config.name,
        target: config.target,
        watched: daemon.prober.isWatched(backend.config.name, config.name),
        rise,
        fall,
        interval_ms: rhythm.intervalMs,
        fast_interval_ms: rhythm.fastIntervalMs,
        down_interval_ms: rhythm.downIntervalMs,
        timeout_ms: rhythm.timeoutMs,
        worst_case_ms: worstCaseDetectionMs(rhythm, fall),
        history: history.all().map(probeView),
      };
    }),
    pfctl_ms: spreadView(snapshot.stats.pfctlMs),
    pools: view.pools.map((membership) => {
      const pool = [...pools.values()].find(({ config }) => config.name === membership.name);
      return {
        name: membership.name,
        in_service: membership.in_service,
        why: whyOf(membership, backend),
        min_in_service: pool === undefined ? '' : floorText(pool.config),
        fallback: pool?.config.fallback ?? [],
      };
    }),
  };
}

function whyOf(membership: MembershipJson, backend: BackendView): string {
  const { state } = membership.admin;
  if (state !== 'ready') return `the operator has set ${state}`;
  const asks = asksDrain(backend) && backend.health === 'up';
  if (membership.held_by !== null) {
    return `it ${asks ? 'asks to be drained' : 'is down'}, but min_in_service keeps it in`;
  }
  if (asks) return 'it is up, and asks to be drained';
  if (backend.checks.every(({ config }) => config.mode === 'off')) {
    return 'mode is off, so its addresses are left as they are';
  }
  return backend.health === 'unknown'
    ? 'no evidence yet, so its addresses stay as they were'
    : `it is ${backend.health}`;
}

function floorText({ floor }: PoolConfig): string {
  return floor.kind === 'count' ? String(floor.count) : `${floor.percent}%`;
}
