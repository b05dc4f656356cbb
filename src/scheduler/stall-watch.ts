import type { Clock, Timer } from '../sys/clock.ts';

/**
 * Knows when this process itself stood still: starved, stopped, or its machine suspended. It looks at the
 * clock only while somebody's time is at stake: to be woken up costs as much as many a probe.
 */
export interface StallWatch {
  /** From now on until `rest` the clock is looked at. */
  watch(): void;
  rest(): void;
  /** How long, in milliseconds, it stood still since `sinceMs` on the monotonic clock; watched since then. */
  stalledSince(sinceMs: number): number;
  /** Whoever was woken by a timer says when that was due, before a batch of work, which would delay the look. */
  look(timerDueMs: number): void;
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
 * `onTimer` hears how late each timer was, in milliseconds. Of that, the millisecond to which timers are
 * rounded counts only as far as the loop has worked since the look before.
 */
export function watchStalls(
  clock: Clock,
  onTimer: (lateMs: number) => void = () => {},
): StallWatch {
  let stalls: { fromMs: number; toMs: number }[] = [];
  let dueMs = Number.POSITIVE_INFINITY;
  let workedBeforeMs = clock.workedMs();
  let timer: Timer | null = null;
  // On the ticks on which probes start (core/schedule.ts).
  const arm = (nowMs: number): void => {
    dueMs = (Math.floor((nowMs + EARLY_MS) / TICK_MS) + 1) * TICK_MS;
    timer = clock.after(dueMs - nowMs, () => tick(dueMs));
  };
  const tick = (timerDueMs: number): void => {
    const nowMs = clock.monotonicMs();
    const workedMs = clock.workedMs();
    const lateMs = Math.max(0, nowMs - timerDueMs);
    onTimer(Math.min(lateMs, Math.max(workedMs - workedBeforeMs, lateMs - EARLY_MS)));
    workedBeforeMs = workedMs;
    if (nowMs < dueMs - EARLY_MS) return;
    note(nowMs);
    timer?.cancel();
    arm(nowMs);
  };
  const note = (nowMs: number): void => {
    if (nowMs - dueMs <= TOLERANCE_MS) return;
    const recent = stalls.filter(({ toMs }) => toMs > nowMs - MEMORY_MS);
    stalls = [...recent.slice(1 - MAX_STALLS), { fromMs: dueMs, toMs: nowMs }];
    dueMs = nowMs;
  };
  return {
    watch: () => arm(clock.monotonicMs()),
    rest() {
      timer?.cancel();
      dueMs = Number.POSITIVE_INFINITY;
    },
    stalledSince(sinceMs) {
      // Whoever asks may run before the tick that would have noticed.
      note(clock.monotonicMs());
      return stalls.reduce(
        (sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, sinceMs)),
        0,
      );
    },
    look: (timerDueMs) => tick(Math.min(timerDueMs, dueMs)),
  };
}
