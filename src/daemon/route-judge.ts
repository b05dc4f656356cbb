import type { BackendName } from '../core/names.ts';
import { inconclusive, type Verdict } from '../core/verdict.ts';
import type { Clock } from '../sys/clock.ts';

/** Tells a backend that can't be reached from a node that can reach nothing. */
export interface RouteJudge {
  /** The verdict as it stands in the light of the other backends' latest ones. */
  judge(backend: BackendName, verdict: Verdict, durationMs: number): Verdict;
  /** From now on these are the backends that are probed over the network. */
  keep(backends: ReadonlySet<BackendName>): void;
}

/** Written in place: each probe has a part in it. */
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
  let probed: ReadonlySet<BackendName> = new Set();
  const latest = new Map<BackendName, Latest>();
  let known: View = { atMs: Number.NEGATIVE_INFINITY, lost: 0, routeMs: [] };
  /** Of thousands that lose their route at once, not each one looks at all the others. */
  const view = (nowMs: number): View => {
    if (latest.size > FEW && nowMs - known.atMs < VIEW_MS) return known;
    const all = [...latest.values()];
    const routeMs = all.filter((one) => one.hasRoute).map((one) => one.atMs);
    known = {
      atMs: nowMs,
      lost: all.length - routeMs.length,
      routeMs: routeMs.sort((a, b) => a - b),
    };
    return known;
  };
  return {
    judge(backend, verdict, durationMs) {
      if (verdict.kind === 'inconclusive') return verdict;
      const hasRoute = verdict.kind === 'pass' || verdict.reason !== 'no-route';
      const nowMs = clock.monotonicMs();
      const atMs = hasRoute ? nowMs - durationMs : nowMs;
      const one = latest.get(backend) ?? { hasRoute, atMs, sinceMs: nowMs };
      latest.set(backend, one);
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
    keep(backends) {
      probed = backends;
      for (const name of latest.keys()) if (!backends.has(name)) latest.delete(name);
    },
  };
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
