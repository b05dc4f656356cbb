import type { Clock, Timer } from '../sys/clock.ts';

/** Knows when this process itself stood still: starved, stopped, or its machine suspended. */
export interface StallWatch {
  /** How long, in milliseconds, it stood still since `sinceMs` on the monotonic clock. */
  stalledSince(sinceMs: number): number;
  /** Looks at the clock now, where that is due: before a batch of work, which would delay it. */
  look(): void;
  stop(): void;
}

const TICK_MS = 20;
/** Timers are rounded to milliseconds. */
const EARLY_MS = 1;
/** Later than this a timer is not merely late. */
const TOLERANCE_MS = 10;
/** Long enough to look back over any probe: stalls that ended before that are forgotten. */
const MEMORY_MS = 600_000;
const MAX_STALLS = 1000;

/**
 * `onTick` hears how late each look at the clock was, in milliseconds. Of that, the millisecond to which
 * timers are rounded counts only as far as the loop has worked since the look before.
 */
export function watchStalls(clock: Clock, onTick: (lateMs: number) => void = () => {}): StallWatch {
  let stalls: { fromMs: number; toMs: number }[] = [];
  let dueMs = 0;
  let workedBeforeMs = 0;
  let timer: Timer | null = null;
  let isStopped = false;
  // On the ticks on which probes start (core/schedule.ts): to wake up twice as often costs as much as
  // many a probe.
  const arm = (): void => {
    const nowMs = clock.monotonicMs();
    dueMs = (Math.floor((nowMs + EARLY_MS) / TICK_MS) + 1) * TICK_MS;
    workedBeforeMs = clock.workedMs();
    timer = clock.after(dueMs - nowMs, tick);
  };
  const tick = (): void => {
    const nowMs = clock.monotonicMs();
    const lateMs = Math.max(0, nowMs - dueMs);
    const workedMs = clock.workedMs() - workedBeforeMs;
    onTick(Math.min(lateMs, Math.max(workedMs, lateMs - EARLY_MS)));
    note(nowMs);
    arm();
  };
  const note = (nowMs: number): void => {
    if (nowMs - dueMs <= TOLERANCE_MS) return;
    const recent = stalls.filter(({ toMs }) => toMs > nowMs - MEMORY_MS);
    stalls = [...recent.slice(1 - MAX_STALLS), { fromMs: dueMs, toMs: nowMs }];
    dueMs = nowMs;
  };
  arm();
  return {
    stalledSince(sinceMs) {
      // Whoever asks may run before the tick that would have noticed.
      note(clock.monotonicMs());
      return stalls.reduce(
        (sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, sinceMs)),
        0,
      );
    },
    look() {
      if (isStopped || clock.monotonicMs() < dueMs - EARLY_MS) return;
      timer?.cancel();
      tick();
    },
    stop() {
      isStopped = true;
      timer?.cancel();
    },
  };
}
