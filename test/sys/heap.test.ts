import { expect, test } from 'vitest';
import { growthPercent } from '../../src/sys/heap.ts';

test('a small heap may grow by 32 MB before it is collected, a large one by half', () => {
  expect([0, 1000, 10_000, 100_000].map(growthPercent)).toEqual([200, 152, 50, 50]);
});
