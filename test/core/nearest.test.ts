import { expect, test } from 'vitest';
import { nearest } from '../../src/core/nearest.ts';

const KEYS = ['interval', 'fast_interval', 'down_interval', 'timeout', 'rise', 'fall', 'table'];

test.each([
  ['intervall', 'interval'],
  ['intreval', 'interval'],
  ['Interval', 'interval'],
  ['time_out', 'timeout'],
  ['fastinterval', 'fast_interval'],
  ['rize', 'rise'],
  ['tabel', 'table'],
  ['weeb', null],
  ['completely-else', null],
  ['', null],
])('the nearest to %j is %j', (typo, expected) => {
  expect(nearest(typo, KEYS)).toBe(expected);
});

test('the first of equally near ones wins, and there is none without candidates', () => {
  expect(nearest('lb3', ['lb1', 'lb2'])).toBe('lb1');
  expect(nearest('lb1', [])).toBeNull();
});

test('a name that shares no letter is not near, however short', () => {
  expect(nearest('ab', ['xy'])).toBeNull();
});
