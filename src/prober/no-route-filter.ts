import type { BackendName } from '../core/names.ts';
import { inconclusive, type Verdict } from '../core/verdict.ts';
import type { Clock } from '../sys/clock.ts';

/** Tells a backend without a route from a node that has no network. */
export interface NoRouteFilter {
  /** The verdict, or `inconclusive` where most backends have no route. */
  filter(check: CheckId, verdict: Verdict, durationMs: number): Verdict;
  /** Forgets all checks but these: those that are probed over the network from now on. */
  keep(probed: ReadonlyMap<BackendName, ReadonlySet<string>>): void;
}

interface CheckId {
  readonly backend: BackendName;
  readonly check: string;
}

/** The latest outcome of a check. Written in place, since every probe has one. */
interface Latest {
  hasRoute: boolean;
  /** The start of a probe that found a route; the end of one that found none. */
  atMs: number;
  /** When the check first found no route, of the probes in a row that found none. */
  sinceMs: number;
}

/**
 * "No route" is a failure where at least as many backends were reached since then as have no route. It
 * is this node's own problem otherwise. A network that goes away takes its backends one by one, as
 * their probes come. So the earlier outcomes of the other backends prove nothing.
 */
export function createNoRouteFilter(clock: Pick<Clock, 'monotonicMs'>): NoRouteFilter {
  let probed: ReadonlyMap<BackendName, ReadonlySet<string>> = new Map();
  const latest = new Map<BackendName, Map<string, Latest>>();
  let known: Routes = { atMs: Number.NEGATIVE_INFINITY, lost: 0, reachedMs: [] };
  /** Kept for a moment: thousands may lose their route at once, and each would look at all others. */
  const routesAt = (nowMs: number): Routes => {
    if (latest.size > FEW && nowMs - known.atMs < KEPT_MS) return known;
    const routes = [...latest.values()].map(reachedAtMs);
    const reachedMs = routes.filter((atMs) => atMs !== null);
    known = {
      atMs: nowMs,
      lost: routes.length - reachedMs.length,
      reachedMs: reachedMs.sort((a, b) => a - b),
    };
    return known;
  };
  /** The entry of a check, to be written in place; `first` where there was none. */
  const latestOf = ({ backend, check }: CheckId, first: Latest): Latest => {
    const checks = latest.get(backend) ?? new Map<string, Latest>();
    latest.set(backend, checks);
    const entry = checks.get(check) ?? first;
    checks.set(check, entry);
    return entry;
  };
  return {
    filter(id, verdict, durationMs) {
      const { kind, reason } = verdict;
      if (kind === 'inconclusive') return verdict;
      const hasRoute = reason !== 'no-route';
      const nowMs = clock.monotonicMs();
      const atMs = hasRoute ? nowMs - durationMs : nowMs;
      const entry = latestOf(id, { hasRoute, atMs, sinceMs: nowMs });
      if (entry.hasRoute) entry.sinceMs = nowMs;
      entry.hasRoute = hasRoute;
      entry.atMs = atMs;
      if (hasRoute || probed.size < 2) return verdict;
      const { lost, reachedMs } = routesAt(nowMs);
      const reached = reachedMs.length - firstAfter(reachedMs, entry.sinceMs);
      if (lost <= reached) return verdict;
      return inconclusive(
        'no-route',
        `${verdict.detail}; ${lost} of ${lost + reached} have no route`,
      );
    },
    keep(next) {
      probed = next;
      for (const [name, checks] of latest) {
        const kept = next.get(name);
        for (const check of checks.keys()) if (kept?.has(check) !== true) checks.delete(check);
        if (checks.size === 0) latest.delete(name);
      }
    },
  };
}

/**
 * The start of a backend's latest probe if all its checks found a route; null otherwise. Its checks may
 * take different ways: the way that is gone is compared with the other backends.
 */
function reachedAtMs(checks: ReadonlyMap<string, Latest>): number | null {
  let lastMs: number | null = null;
  for (const { hasRoute, atMs } of checks.values()) {
    if (!hasRoute) return null;
    lastMs = Math.max(lastMs ?? atMs, atMs);
  }
  return lastMs;
}

/** What is known of all backends at one time. */
interface Routes {
  readonly atMs: number;
  /** How many backends have no route. */
  readonly lost: number;
  /** Start times of the latest probes that found a route, one for each backend, in order. */
  readonly reachedMs: readonly number[];
}

/** Up to so many backends are looked at for each verdict. */
const FEW = 100;
const KEPT_MS = 50;

/** The index of the first time after `ms`. */
function firstAfter(times: readonly number[], ms: number): number {
  let low = 0;
  let high = times.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] ?? 0) > ms) high = middle;
    else low = middle + 1;
  }
  return low;
}
