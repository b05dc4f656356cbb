import type { Clock } from './clock.ts';

/**
 * Computes long answers in slices of 2 ms, so probes and their deadlines do not wait for them. In each
 * turn of the event loop, only one of the running requests has its slice.
 */
export interface Slices {
  /** Like `Array.map`, with a pause after each slice. */
  map<T, U>(items: Iterable<T>, work: (item: T) => U): Promise<U[]>;
}

const SLICE_MS = 2;

export function createSlices(clock: Pick<Clock, 'monotonicMs'>): Slices {
  const waiting: (() => void)[] = [];
  const wakeNext = (): void => {
    waiting.shift()?.();
    if (waiting.length > 0) setImmediate(wakeNext);
  };
  const turn = (): Promise<void> =>
    new Promise((resolve) => {
      waiting.push(resolve);
      if (waiting.length === 1) setImmediate(wakeNext);
    });
  return {
    async map(items, work) {
      const results = [];
      let sliceEndsMs = Number.NEGATIVE_INFINITY;
      for (const item of items) {
        if (clock.monotonicMs() >= sliceEndsMs) {
          await turn();
          sliceEndsMs = clock.monotonicMs() + SLICE_MS;
        }
        results.push(work(item));
      }
      return results;
    },
  };
}
