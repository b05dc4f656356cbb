import { formatDuration } from '../core/duration.ts';
import type { Rhythm } from '../core/schedule.ts';
import { inherit, type Layers, type Setting } from './inherit.ts';
import { complain } from './place.ts';

const DEFAULT_INTERVAL_MS = 1000;
const DEFAULT_FAST_INTERVAL_MS = 200;
const DEFAULT_TIMEOUT_MS = 500;

/** Resolves a check's times. Timeout and fast interval fit into the interval; so do the defaults. */
export function resolveRhythm(layers: Layers): Rhythm {
  const interval = inherit(layers, 'interval');
  const fast = inherit(layers, 'fast_interval');
  const down = inherit(layers, 'down_interval');
  const timeout = inherit(layers, 'timeout');
  const intervalMs = interval?.value ?? DEFAULT_INTERVAL_MS;
  const downIntervalMs = down?.value ?? intervalMs;
  const shortestMs = Math.min(intervalMs, downIntervalMs);

  requireAtMost(timeout, interval, 'interval', intervalMs);
  if (down !== null) requireAtMost(timeout, down, 'down_interval', downIntervalMs);
  requireAtMost(fast, interval, 'interval', intervalMs);
  return {
    intervalMs,
    fastIntervalMs: fast?.value ?? Math.min(DEFAULT_FAST_INTERVAL_MS, intervalMs),
    downIntervalMs,
    timeoutMs: timeout?.value ?? Math.min(DEFAULT_TIMEOUT_MS, shortestMs),
  };
}

/** Time from the start of a script to SIGINT, at most the timeout; null for no SIGINT. */
export function resolveInterrupt(layers: Layers, timeoutMs: number): number | null {
  const interrupt = inherit(layers, 'interrupt_after');
  requireAtMost(interrupt, inherit(layers, 'timeout'), 'timeout', timeoutMs);
  return interrupt?.value ?? null;
}

/** Reports a value above its bound, at the more specific of the two: that one was set last. */
function requireAtMost(
  value: Setting<number> | null,
  bound: Setting<number> | null,
  boundKey: string,
  boundMs: number,
): void {
  if (value === null || value.value <= boundMs) return;
  const key = String(value.place.path.at(-1));
  if (bound !== null && bound.depth < value.depth) {
    complain(
      bound.place,
      `found ${formatDuration(boundMs)}, expected at least the ${key} (${formatDuration(value.value)})`,
    );
    return;
  }
  complain(
    value.place,
    `found ${formatDuration(value.value)}, expected at most the ${boundKey} (${formatDuration(boundMs)})`,
  );
}
