import { expect, test } from 'vitest';
import { createNodeProblems } from '../../src/daemon/node-problems.ts';
import { createFakeClock, START_WALL_MS } from '../fakes/clock.ts';
import { recordEvents } from '../fakes/events.ts';

test('one event when a problem begins and one when it is over, with the count', async () => {
  const clock = createFakeClock();
  const events = recordEvents();
  const problems = createNodeProblems(clock, events.emit);
  for (let i = 0; i < 100; i++) {
    problems.note('stalled', `lb${i}/tcp: late`);
    await clock.advance(100);
    problems.sweep();
  }
  expect(events.all).toHaveLength(1);
  expect(problems.active).toEqual([
    {
      kind: 'stalled',
      detail: 'lb99/tcp: late',
      count: 100,
      sinceMs: START_WALL_MS,
      lastMs: START_WALL_MS + 9900,
    },
  ]);
  await clock.advance(15_000);
  problems.sweep();
  problems.sweep();
  expect(problems.active).toEqual([]);
  expect(events.of('node-problem').map(({ active, count }) => [active, count])).toEqual([
    [true, 1],
    [false, 100],
  ]);
});

test('problems of different kinds are told apart', () => {
  const clock = createFakeClock();
  const events = recordEvents();
  const problems = createNodeProblems(clock, events.emit);
  problems.note('stalled', 'a');
  problems.note('no-descriptors', 'b');
  expect(events.of('node-problem').map(({ problem }) => problem)).toEqual([
    'stalled',
    'no-descriptors',
  ]);
});

test('a step of the wall clock ends nothing', async () => {
  const clock = createFakeClock();
  const problems = createNodeProblems(clock, () => {});
  problems.note('stalled', 'a');
  clock.stepWall(3_600_000);
  problems.sweep();
  expect(problems.active).toHaveLength(1);
});
