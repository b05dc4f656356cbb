import { describe, expect, test } from 'vitest';
import { latenessOf, median, percentile } from '../../bench/statistics.ts';

describe('percentile', () => {
  test('is a value that was measured, by the nearest rank', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([3, 1, 2], 0.5)).toBe(2);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  test('sorts numbers as numbers, and leaves the list as it was', () => {
    const values = [9, 10, 100];
    expect(percentile(values, 1)).toBe(100);
    expect(values).toEqual([9, 10, 100]);
  });
});

test('median of an even count is the mean of the middle two', () => {
  expect(median([4, 1, 3, 2])).toBe(2.5);
  expect(median([5, 1, 3])).toBe(3);
  expect(median([])).toBeNaN();
});

describe('latenessOf', () => {
  const starts = (backend: number, timesMs: readonly number[]) =>
    timesMs.map((atMs) => ({ backend, atMs }));

  test('measures against the grid of each backend by itself', () => {
    const punctual = starts(1, [1000, 2000, 3000]);
    const late = starts(2, [1500, 2507, 3500]);
    expect(latenessOf([...punctual, ...late], 1000)).toEqual([0, 0, 0, 0, 7, 0]);
  });

  test('the earliest start says where the grid is, wherever it stands', () => {
    expect(latenessOf(starts(1, [1020, 2000, 3010]), 1000)).toEqual([20, 0, 10]);
  });

  test('a start that fell out is no lateness', () => {
    expect(latenessOf(starts(1, [0, 1000, 3002]), 1000)).toEqual([0, 0, 2]);
  });

  test('a single start tells nothing', () => {
    expect(latenessOf(starts(1, [10]), 1000)).toEqual([]);
  });
});
