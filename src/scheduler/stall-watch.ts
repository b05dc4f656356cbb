import type { Clock, Timer } from '../sys/clock.ts';

/**
 * Knows when hfmd itself was paused: the host was busy, the process was stopped, or its machine was
 * suspended. It looks at the clock only while a probe is in flight: one wake-up costs as much as many
 * probes.
 */
export interface StallWatch {
  /** Looks at the clock from now on until `stop`. */
  start(): void;
  stop(): void;
  /**
   * For how many milliseconds hfmd was paused since `sinceMs` of the monotonic clock. Only pauses
   * between `start` and `stop` count.
   */
  stalledSince(sinceMs: number): number;
  /**
   * Whatever has timers of its own calls this when one has fired, with the time it was due. It calls
   * before a batch of work, which would delay the next look.
   */
  timerFired(dueMs: number): void;
}

const TICK_MS = 20;
/** Timers are rounded to milliseconds. */
const EARLY_MS = 1;
/** A timer that is later than this was held up by a pause. */
const TOLERANCE_MS = 10;
/** Longer than any probe takes: pauses that ended before that are forgotten. */
const MEMORY_MS = 600_000;
const MAX_STALLS = 1000;

/**
 * `onTimer` gets how late each timer was, in milliseconds. The millisecond to which timers are rounded
 * counts only as far as the event loop has worked since the last look.
 */
export function watchStalls(
  clock: Clock,
  onTimer: (lateMs: number) => void = () => {},
): StallWatch {
  let stalls: { fromMs: number; toMs: number }[] = [];
  let dueMs = Number.POSITIVE_INFINITY;
  let workedBeforeMs = clock.workedMs();
  let timer: Timer | null = null;
  // On the same ticks as the starts of probes (core/schedule.ts).
  const setTimer = (nowMs: number): void => {
    dueMs = (Math.floor((nowMs + EARLY_MS) / TICK_MS) + 1) * TICK_MS;
    timer = clock.after(dueMs - nowMs, () => look(dueMs));
  };
  const look = (timerDueMs: number): void => {
    const nowMs = clock.monotonicMs();
    const workedMs = clock.workedMs();
    const lateMs = Math.max(0, nowMs - timerDueMs);
    onTimer(Math.min(lateMs, Math.max(workedMs - workedBeforeMs, lateMs - EARLY_MS)));
    workedBeforeMs = workedMs;
    if (nowMs < dueMs - EARLY_MS) return;
    noteStall(nowMs);
    timer?.cancel();
    setTimer(nowMs);
  };
  const noteStall = (nowMs: number): void => {
    if (nowMs - dueMs <= TOLERANCE_MS) return;
    const recent = stalls.filter(({ toMs }) => toMs > nowMs - MEMORY_MS);
    stalls = [...recent.slice(1 - MAX_STALLS), { fromMs: dueMs, toMs: nowMs }];
    dueMs = nowMs;
  };
  return {
    start: () => setTimer(clock.monotonicMs()),
    stop() {
      timer?.cancel();
      dueMs = Number.POSITIVE_INFINITY;
    },
    stalledSince(sinceMs) {
      // The timer that would notice a pause may not have fired yet.
      noteStall(clock.monotonicMs());
      return stalls.reduce(
        (sum, { fromMs, toMs }) => sum + Math.max(0, toMs - Math.max(fromMs, sinceMs)),
        0,
      );
    },
    timerFired: (timerDueMs) => look(Math.min(timerDueMs, dueMs)),
  };
}
