import type { BackendName } from '../core/names.ts';
import { inconclusive, type Verdict } from '../core/verdict.ts';
import type { Clock } from '../sys/clock.ts';

/** Tells a backend that can't be reached from a node that can reach nothing. */
export interface RouteJudge {
  /** The verdict as it stands in the light of the other backends' latest ones. */
  judge(who: Judged, verdict: Verdict, durationMs: number): Verdict;
  /** From now on these are the backends that are probed over the network, with these checks. */
  keep(probed: ReadonlyMap<BackendName, ReadonlySet<string>>): void;
}

interface Judged {
  readonly backend: BackendName;
  readonly check: string;
}

/** What a check has found. Written in place: each probe has a part in it. */
interface Latest {
  hasRoute: boolean;
  /** A route was there when the probe began; that there is none was found when it ended. */
  atMs: number;
  /** When the first of the probes in a row came that found no route. */
  sinceMs: number;
}

/**
 * "No route" is a fail where others were reached since it began, and this node's own problem while
 * it is what most of them meet. A network that goes away takes its backends one by one, as their
 * probes come: so what was heard of the others before that says nothing.
 */
export function createRouteJudge(clock: Pick<Clock, 'monotonicMs'>): RouteJudge {
  let probed: ReadonlyMap<BackendName, ReadonlySet<string>> = new Map();
  const latest = new Map<BackendName, Map<string, Latest>>();
  let known: View = { atMs: Number.NEGATIVE_INFINITY, lost: 0, routeMs: [] };
  /** Of thousands that lose their route at once, not each one looks at all the others. */
  const view = (nowMs: number): View => {
    if (latest.size > FEW && nowMs - known.atMs < VIEW_MS) return known;
    const routes = [...latest.values()].map(routeOf);
    const routeMs = routes.filter((atMs) => atMs !== null);
    known = {
      atMs: nowMs,
      lost: routes.length - routeMs.length,
      routeMs: routeMs.sort((a, b) => a - b),
    };
    return known;
  };
  /** What is written in place of a check; the first time it is as this verdict has it. */
  const latestOf = ({ backend, check }: Judged, first: Latest): Latest => {
    const checks = latest.get(backend) ?? new Map<string, Latest>();
    latest.set(backend, checks);
    const one = checks.get(check) ?? first;
    checks.set(check, one);
    return one;
  };
  return {
    judge(who, verdict, durationMs) {
      const { kind, reason } = verdict;
      if (kind === 'inconclusive') return verdict;
      const hasRoute = reason !== 'no-route';
      const nowMs = clock.monotonicMs();
      const atMs = hasRoute ? nowMs - durationMs : nowMs;
      const one = latestOf(who, { hasRoute, atMs, sinceMs: nowMs });
      if (one.hasRoute) one.sinceMs = nowMs;
      one.hasRoute = hasRoute;
      one.atMs = atMs;
      if (hasRoute || probed.size < 2) return verdict;
      const { lost, routeMs } = view(nowMs);
      const reached = routeMs.length - firstAfter(routeMs, one.sinceMs);
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
 * When the last of a backend's probes began, if all its checks found a route; null when one did not.
 * Where they go different ways, the one that is gone is what the others are to be compared with.
 */
function routeOf(checks: ReadonlyMap<string, Latest>): number | null {
  let lastMs: number | null = null;
  for (const { hasRoute, atMs } of checks.values()) {
    if (!hasRoute) return null;
    lastMs = Math.max(lastMs ?? atMs, atMs);
  }
  return lastMs;
}

/** What is known of all backends, a moment ago at the most. */
interface View {
  readonly atMs: number;
  readonly lost: number;
  /** When the probes began that found a route, in order. */
  readonly routeMs: readonly number[];
}

const FEW = 100;
const VIEW_MS = 50;

/** The place of the first time after `ms`. */
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
