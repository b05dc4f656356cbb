import type { Clock } from './clock.ts';

/**
 * Works on long answers in slices, so that probes and their deadlines need not wait for them. One
 * request gets one slice in each turn of the loop, however many requests there are.
 */
export interface Slices {
  /** As `Array.map`, with a pause after each slice. */
  map<T, U>(items: Iterable<T>, work: (item: T) => U): Promise<U[]>;
}

const SLICE_MS = 2;

export function createSlices(clock: Pick<Clock, 'monotonicMs'>): Slices {
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
      let endMs = Number.NEGATIVE_INFINITY;
      for (const item of items) {
        if (clock.monotonicMs() >= endMs) {
          await next();
          endMs = clock.monotonicMs() + SLICE_MS;
        }
        results.push(work(item));
      }
      return results;
    },
  };
}
