import { expect, test } from 'vitest';
import { ProbeHistory, type ProbeRecord } from '../../src/core/probe-history.ts';
import { pass } from '../../src/core/verdict.ts';

function recordOf(i: number): ProbeRecord {
  return { verdict: pass(String(i)), durationMs: i + 0.5, atMs: i };
}

test.each([
  [0, []],
  [1, [0]],
  [3, [0, 1, 2]],
  [10, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]],
  [11, [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]],
  [25, [15, 16, 17, 18, 19, 20, 21, 22, 23, 24]],
])('after %i probes it holds the last ten at most, the oldest first', (count, held) => {
  const history = new ProbeHistory();
  for (let i = 0; i < count; i++) history.add(recordOf(i));
  expect(history.all()).toEqual(held.map(recordOf));
  expect(history.last).toEqual(count === 0 ? null : recordOf(count - 1));
});

test('a copy does not change with later probes', () => {
  const history = new ProbeHistory();
  for (let i = 0; i < 10; i++) history.add(recordOf(i));
  const { last } = history;
  const all = history.all();
  for (let i = 10; i < 30; i++) history.add(recordOf(i));
  expect(last).toEqual(recordOf(9));
  expect(all.map(({ atMs }) => atMs)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
