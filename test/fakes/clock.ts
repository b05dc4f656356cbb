import type { Clock, Timer } from '../../src/sys/clock.ts';

/** A clock that only a test moves. */
export interface FakeClock extends Clock {
  /**
   * Lets time pass. Each timer runs when it is due, and its promises settle before the next timer.
   */
  advance(ms: number): Promise<void>;
  /**
   * Lets time pass without timers, as in a long turn of the event loop. Overdue timers run at the
   * next `advance`.
   */
  stall(ms: number): void;
  /** As `stall`, but the event loop was idle: the system woke the process late. */
  oversleep(ms: number): void;
  /** Steps the wall clock alone. */
  stepWall(ms: number): void;
  /** How many timers have not fired. */
  readonly pending: number;
}

/** 2026-11-20T13:00:00Z */
export const START_WALL_MS = 1_795_179_600_000;
/** Not 0, so that a test notices when a monotonic time is used as a duration. */
const START_MONOTONIC_MS = 5_000_000;

/** `earlyMs`: how much too early timers fire; those of a real system may by less than 1 ms. */
export function createFakeClock({ earlyMs = 0 } = {}): FakeClock {
  const timers = new Set<{ dueMs: number; seq: number; run: () => void }>();
  let nowMs = START_MONOTONIC_MS;
  let wallOffsetMs = START_WALL_MS - START_MONOTONIC_MS;
  let workedMs = 0;
  let seq = 0;

  const earliest = (untilMs: number) =>
    [...timers]
      .filter(({ dueMs }) => dueMs <= untilMs)
      .sort((a, b) => a.dueMs - b.dueMs || a.seq - b.seq)[0];

  const after = (delayMs: number, run: () => void): Timer => {
    seq += 1;
    const timer = { dueMs: nowMs + Math.max(0, delayMs - earlyMs), seq, run };
    timers.add(timer);
    return { cancel: () => void timers.delete(timer) };
  };

  return {
    monotonicMs: () => nowMs,
    workedMs: () => workedMs,
    wallMs: () => nowMs + wallOffsetMs,
    after,
    // Runs after all timers that are due now.
    afterReads: (run) => after(0, run),
    async advance(ms) {
      const untilMs = nowMs + ms;
      await settle();
      for (let timer = earliest(untilMs); timer !== undefined; timer = earliest(untilMs)) {
        timers.delete(timer);
        nowMs = Math.max(nowMs, timer.dueMs);
        timer.run();
        await settle();
      }
      nowMs = untilMs;
    },
    stall(ms) {
      nowMs += ms;
      workedMs += ms;
    },
    oversleep(ms) {
      nowMs += ms;
    },
    stepWall(ms) {
      wallOffsetMs += ms;
    },
    get pending() {
      return timers.size;
    },
  };
}

/** Waits one turn of the event loop: all promises that need no time settle before. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
