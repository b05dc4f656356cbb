import type { Clock, Timer } from '../../src/sys/clock.ts';

/** A clock that only a test moves. */
export interface FakeClock extends Clock {
  /** Lets time pass: each timer runs when it is due, and what it set off settles before the next. */
  advance(ms: number): Promise<void>;
  /** Time passes and nothing runs, as in a long turn of the loop; what is overdue runs at the next `advance`. */
  stall(ms: number): void;
  /** The same while the loop does not work: the process is not woken, or by a coarse timer. */
  oversleep(ms: number): void;
  /** Steps the wall clock alone. */
  stepWall(ms: number): void;
  /** Timers that have not fired. */
  readonly pending: number;
}

/** 2026-11-20T13:00:00Z */
export const START_WALL_MS = 1_795_179_600_000;
/** Not 0, so that a monotonic time taken for a duration shows. */
const START_MONOTONIC_MS = 5_000_000;

/** `earlyMs`: by how much timers come too early, as those of a system may by less than 1. */
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
    // Behind whatever is due by now.
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

/** Every promise that can settle without time passing has settled once this has: a turn of the loop. */
export function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
