import { expect, test } from 'vitest';
import { createDriftWatch } from '../../src/tables/drift-watch.ts';

test('drifts far apart are single ones', () => {
  const watch = createDriftWatch(1000);
  expect([0, 900, 1800, 2700].map((ms) => watch.note(ms))).toEqual(new Array(4).fill('single'));
  expect(watch.contested).toBe(0);
});

test('the third within the window makes a contest, told once', () => {
  const watch = createDriftWatch(1000);
  expect([0, 100, 200, 300].map((ms) => watch.note(ms))).toEqual([
    'single',
    'single',
    'begins',
    'goes-on',
  ]);
  expect(watch.contested).toBe(4);
});

test('a window without a drift ends the contest, told once with its drifts', () => {
  const watch = createDriftWatch(1000);
  for (const ms of [0, 100, 200, 300]) watch.note(ms);
  expect(watch.settle(1299)).toBeNull();
  expect(watch.settle(1300)).toBe(4);
  expect(watch.settle(9999)).toBeNull();
  expect(watch.note(10_000)).toBe('single');
});

test('what was no contest has no end', () => {
  const watch = createDriftWatch(1000);
  watch.note(0);
  expect(watch.settle(5000)).toBeNull();
});
