import { formatDuration } from '../core/duration.ts';
import type { EngineStats, Spread } from '../metrics/engine-meter.ts';
import type { ProberCounts } from '../prober/prober.ts';
import type { EngineJson, SpreadJson } from '../protocol/protocol.ts';

/** How well hfmd itself keeps up, and what an operator should know of it. */
export function engineView(stats: EngineStats, counts: ProberCounts): EngineJson {
  const { inFlight, waiting, watching } = counts;
  return {
    started: stats.started,
    skipped: stats.skipped,
    inconclusive: stats.inconclusive,
    in_flight: inFlight,
    waiting,
    watching,
    lateness_ms: spreadView(stats.latenessMs),
    loop_delay_ms: spreadView(stats.loopDelayMs),
    pfctl_ms: spreadView(stats.pfctlMs),
    trouble: troubleOf(stats, waiting),
  };
}

/** Probes that start this late, or pauses of hfmd that are this long, are a trouble. */
const LATE_MS = 50;
/** Half of what a pfctl may take before it counts as hung. */
const SLOW_PFCTL_MS = 2000;

function troubleOf(
  { latenessMs, loopDelayMs, pfctlMs, skippedLately }: EngineStats,
  waiting: number,
): string | null {
  const troubles: string[] = [];
  if (latenessMs.p99 > LATE_MS) troubles.push(`probes start late (${worst(latenessMs)})`);
  if (loopDelayMs.p99 > LATE_MS)
    troubles.push(`this host is busy: hfmd was paused (${worst(loopDelayMs)})`);
  if (skippedLately > 0) troubles.push(`${skippedLately} probes skipped in the last minute`);
  if (waiting > 0) troubles.push(`${waiting} probes wait for their turn`);
  if (pfctlMs.p99 > SLOW_PFCTL_MS) troubles.push(`pfctl is slow (${worst(pfctlMs)})`);
  return troubles.length === 0 ? null : troubles.join('; ');
}

function worst({ p99 }: Spread): string {
  return `p99 ${formatDuration(Math.round(p99))}`;
}

export function spreadView({ p50, p99, max }: Spread): SpreadJson {
  return { p50: round(p50), p99: round(p99), max: round(max) };
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100;
}
