import fc from 'fast-check';
import { expect, test } from 'vitest';
import { formatAge, formatDuration, parseDuration } from '../../src/core/duration.ts';

test.each([
  ['0s', 0],
  ['1ms', 1],
  ['0.5ms', 0.5],
  ['200ms', 200],
  ['1s', 1000],
  ['1.5s', 1500],
  ['5m', 300_000],
  ['1h30m', 5_400_000],
  ['1d', 86_400_000],
])('%s is %d ms', (text, ms) => {
  expect(parseDuration(text)).toBe(ms);
});

test.each([
  '',
  '1',
  '-1s',
  '+1s',
  '1 s',
  ' 1s',
  '1s ',
  '1sec',
  's',
  '.5s',
  '1.s',
  '1e3s',
  '1s,5ms',
  '1S',
  'Infinitys',
  '١s',
])('%j is not a duration', (text) => {
  expect(parseDuration(text)).toBeNull();
});

test.each([
  [0, '0s'],
  [0.25, '0.25ms'],
  [500, '500ms'],
  [1000, '1s'],
  [90_000, '1m30s'],
  [3_600_000, '1h'],
  [3_630_000, '1h30s'],
])('%d ms is formatted as %s', (ms, text) => {
  expect(formatDuration(ms)).toBe(text);
});

test('a formatted duration parses to the same', () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 86_400_000 }), (ms) => {
      expect(parseDuration(formatDuration(ms))).toBeCloseTo(ms, 3);
    }),
  );
});

test.each([
  [-5, '0s'],
  [999, '0s'],
  [45_999, '45s'],
  [192_000, '3m12s'],
  [7_500_000, '2h05m'],
  [47 * 3_600_000, '47h00m'],
  [99 * 3_600_000, '4d03h'],
])('an age of %d ms is formatted as %s', (ms, text) => {
  expect(formatAge(ms)).toBe(text);
});
