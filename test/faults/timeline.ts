import type { Clock, Timer } from '../../src/sys/clock.ts';
import { createFakeClock } from '../fakes/clock.ts';

/** A fake clock that waits for work outside of it, such as a real pfctl, which takes no fake time. */
export interface Timeline {
  readonly clock: Clock;
  /**
   * Lets time pass. Each timer runs when it is due, and the work that it starts ends before the
   * next.
   */
  advance(ms: number, idle: () => Promise<void>): Promise<void>;
}

export function createTimeline(): Timeline {
  const fake = createFakeClock();
  const due = new Set<{ readonly atMs: number }>();
  const after = (delayMs: number, run: () => void): Timer => {
    const entry = { atMs: fake.monotonicMs() + Math.max(0, delayMs) };
    due.add(entry);
    const timer = fake.after(delayMs, () => {
      due.delete(entry);
      run();
    });
    return {
      cancel() {
        due.delete(entry);
        timer.cancel();
      },
    };
  };
  const clock: Clock = {
    monotonicMs: fake.monotonicMs,
    workedMs: fake.workedMs,
    wallMs: fake.wallMs,
    after,
    afterReads: (run) => after(0, run),
  };
  return {
    clock,
    async advance(ms, idle) {
      const untilMs = fake.monotonicMs() + ms;
      for (;;) {
        await fake.advance(0);
        await idle();
        await fake.advance(0);
        await idle();
        const next = Math.min(untilMs, ...[...due].map(({ atMs }) => atMs));
        if (next >= untilMs) break;
        await fake.advance(Math.max(0, next - fake.monotonicMs()));
      }
      await fake.advance(Math.max(0, untilMs - fake.monotonicMs()));
      await idle();
      await fake.advance(0);
    },
  };
}
