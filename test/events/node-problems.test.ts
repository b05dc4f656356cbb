import { expect, test } from 'vitest';
import { createNodeProblems } from '../../src/events/node-problems.ts';
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

test('a problem that only a slow check notes begins once, and ends after its next turn without it', async () => {
  const clock = createFakeClock();
  const events = recordEvents();
  const problems = createNodeProblems(clock, events.emit);
  const pass = async (ms: number): Promise<void> => {
    for (let i = 0; i < ms; i += 1000) {
      await clock.advance(1000);
      problems.sweep();
    }
  };
  for (let i = 0; i < 5; i++) {
    problems.note('no-descriptors', 'slow/tcp: EMFILE', 60_500);
    await pass(60_000);
    problems.note('no-descriptors', 'fast/tcp: EMFILE', 1500);
  }
  expect(events.of('node-problem').map(({ active }) => active)).toEqual([true]);
  await pass(20_000);
  expect(events.of('node-problem').at(-1)).toMatchObject({ active: false, count: 10 });
});

test('problems of different kinds begin separately', () => {
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

test('a step of the wall clock ends no problem', async () => {
  const clock = createFakeClock();
  const problems = createNodeProblems(clock, () => {});
  problems.note('stalled', 'a');
  clock.stepWall(3_600_000);
  problems.sweep();
  expect(problems.active).toHaveLength(1);
});
