import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createSlices } from '../../src/sys/slices.ts';
import { createFakeClock } from '../fakes/clock.ts';

/** Items of 1 ms each; a slice has 2 ms. */
function workshop() {
  const clock = createFakeClock();
  const slices = createSlices(clock);
  const done: string[] = [];
  const makes = (name: string, count: number): Promise<number[]> =>
    slices.map(Array(count).keys(), (i) => {
      clock.stall(1);
      done.push(name);
      return i;
    });
  return { makes, done };
}

describe('work in slices', () => {
  test('gives what Array.map gives', async () => {
    const { makes } = workshop();
    expect(await makes('a', 5)).toEqual([0, 1, 2, 3, 4]);
    expect(await makes('a', 0)).toEqual([]);
  });

  test('lets the loop turn between the slices', async () => {
    const { makes, done } = workshop();
    const made = makes('a', 5);
    const after: number[] = [];
    for (let turn = 0; turn < 4; turn += 1) {
      after.push(done.length);
      await nextTurn();
    }
    await made;
    expect(after).toEqual([0, 2, 4, 5]);
  });

  test('of two at once each has its slice in a turn of its own', async () => {
    const { makes, done } = workshop();
    await Promise.all([makes('a', 4), makes('b', 4)]);
    expect(done.join('')).toBe('aabbaabb');
  });

  test('that throws is over, and others go on', async () => {
    const slices = createSlices(createFakeClock());
    const boom = slices.map([1], () => {
      throw new Error('boom');
    });
    const other = slices.map([1], (n) => n + 1);
    await expect(boom).rejects.toThrow('boom');
    expect(await other).toEqual([2]);
  });
});
