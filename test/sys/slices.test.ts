import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createSlices } from '../../src/sys/slices.ts';
import { createFakeClock } from '../fakes/clock.ts';

/** Each item takes 1 ms; a slice has 2 ms. */
function openSlices() {
  const clock = createFakeClock();
  const slices = createSlices(clock);
  const done: string[] = [];
  const run = (name: string, count: number): Promise<number[]> =>
    slices.map(Array(count).keys(), (i) => {
      clock.stall(1);
      done.push(name);
      return i;
    });
  return { run, done };
}

describe('work in slices', () => {
  test('returns what Array.map returns', async () => {
    const { run } = openSlices();
    expect(await run('a', 5)).toEqual([0, 1, 2, 3, 4]);
    expect(await run('a', 0)).toEqual([]);
  });

  test('lets the event loop run between the slices', async () => {
    const { run, done } = openSlices();
    const made = run('a', 5);
    const after: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      after.push(done.length);
      await nextTurn();
    }
    await made;
    expect(after).toEqual([0, 2, 4, 5]);
  });

  test('of two requests alternates between them', async () => {
    const { run, done } = openSlices();
    await Promise.all([run('a', 4), run('b', 4)]);
    expect(done.join('')).toBe('aabbaabb');
  });

  test('that throws does not stop the others', async () => {
    const slices = createSlices(createFakeClock());
    const boom = slices.map([1], () => {
      throw new Error('boom');
    });
    const other = slices.map([1], (n) => n + 1);
    await expect(boom).rejects.toThrow('boom');
    expect(await other).toEqual([2]);
  });
});
