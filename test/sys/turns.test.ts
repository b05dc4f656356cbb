import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createTurns } from '../../src/sys/turns.ts';
import { createFakeClock } from '../fakes/clock.ts';

/** Each item takes 1 ms; a slice has 2 ms. */
function openTurns() {
  const clock = createFakeClock();
  const turns = createTurns(clock);
  const done: string[] = [];
  const run = (name: string, count: number): Promise<number[]> =>
    turns.map(Array(count).keys(), (i) => {
      clock.stall(1);
      done.push(name);
      return i;
    });
  return { run, done };
}

describe('work in slices', () => {
  test('returns what Array.map returns', async () => {
    const { run } = openTurns();
    expect(await run('a', 5)).toEqual([0, 1, 2, 3, 4]);
    expect(await run('a', 0)).toEqual([]);
  });

  test('lets the event loop run between the slices', async () => {
    const { run, done } = openTurns();
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
    const { run, done } = openTurns();
    await Promise.all([run('a', 4), run('b', 4)]);
    expect(done.join('')).toBe('aabbaabb');
  });

  test('that throws does not stop the others', async () => {
    const turns = createTurns(createFakeClock());
    const boom = turns.map([1], () => {
      throw new Error('boom');
    });
    const other = turns.map([1], (n) => n + 1);
    await expect(boom).rejects.toThrow('boom');
    expect(await other).toEqual([2]);
  });
});
