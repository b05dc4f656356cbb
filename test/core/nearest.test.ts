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
])('%j most likely meant %j', (typo, expected) => {
  expect(nearest(typo, KEYS)).toBe(expected);
});

test('the first of equals wins, and nothing is near to nothing', () => {
  expect(nearest('lb3', ['lb1', 'lb2'])).toBe('lb1');
  expect(nearest('lb1', [])).toBeNull();
});

test('a name that shares no letter is not near, however short', () => {
  expect(nearest('ab', ['xy'])).toBeNull();
});
