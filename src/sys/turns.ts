import type { Clock } from '../sys/clock.ts';

/**
 * Makes long answers in slices, so that probes and their deadlines need not wait for them: of all
 * the requests that are at work, one has its slice in a turn of the loop.
 */
export interface Turns {
  /** As `Array.map`, with a pause whenever a slice is over. */
  map<T, U>(items: Iterable<T>, work: (item: T) => U): Promise<U[]>;
}

const SLICE_MS = 2;

export function createTurns(clock: Pick<Clock, 'monotonicMs'>): Turns {
  const waiting: (() => void)[] = [];
  const serve = (): void => {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(serve);
  };
  const next = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(serve);
    });
  return {
    async map(items, work) {
      const results = [];
      let overMs = Number.NEGATIVE_INFINITY;
      for (const item of items) {
        if (clock.monotonicMs() >= overMs) {
          await next();
          overMs = clock.monotonicMs() + SLICE_MS;
        }
        results.push(work(item));
      }
      return results;
    },
  };
}
