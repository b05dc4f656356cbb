import { expect, test } from 'vitest';
import { PauseQueue } from '../../src/sys/pause-queue.ts';
import { turnsOfTheLoop } from '../probes/fixtures/servers.ts';

test('does everything, in order, and nothing before the pause', async () => {
  const queue = new PauseQueue();
  const done: number[] = [];
  for (let i = 0; i < 100; i++) queue.add(() => done.push(i));
  expect(done).toEqual([]);
  await turnsOfTheLoop();
  expect(done).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test('lets other work come between, and takes what comes meanwhile', async () => {
  const queue = new PauseQueue();
  const course: string[] = [];
  for (let i = 0; i < 40; i++) queue.add(() => course.push('work'));
  await turnsOfTheLoop(2);
  course.push('other work');
  queue.add(() => course.push('last'));
  await turnsOfTheLoop();
  const before = course.indexOf('other work');
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(40);
  expect(course.slice(-2)).toEqual(['work', 'last']);
});

test('waits while more comes with each turn of the loop, for 100 ms', async () => {
  let nowMs = 5000;
  const queue = new PauseQueue(() => nowMs);
  let done = 0;
  const work = (): void => {
    done += 1;
  };
  for (; nowMs < 5100; nowMs += 10) {
    queue.add(work);
    await turnsOfTheLoop(1);
    expect(done).toBe(0);
  }
  queue.add(work);
  await turnsOfTheLoop(1);
  expect(done).toBe(11);
});

test('what comes after all was done is done too', async () => {
  const queue = new PauseQueue();
  let done = 0;
  for (let round = 1; round <= 3; round++) {
    queue.add(() => {
      done += 1;
    });
    await turnsOfTheLoop();
    expect(done).toBe(round);
  }
});

test('of what comes without a pause no more than 1024 waits, and the oldest is done first', async () => {
  const queue = new PauseQueue();
  const done: number[] = [];
  for (let i = 0; i < 5000; i++) {
    queue.add(() => done.push(i));
    expect(i + 1 - done.length).toBeLessThanOrEqual(1024);
  }
  await turnsOfTheLoop(400);
  expect(done).toEqual(Array.from({ length: 5000 }, (_, i) => i));
});

test('where none may wait, all is done at once', async () => {
  const queue = new PauseQueue();
  const done: number[] = [];
  queue.most = 2;
  for (let i = 0; i < 4; i++) queue.add(() => done.push(i));
  expect(done).toEqual([0, 1]);
  queue.most = 0;
  queue.add(() => done.push(4));
  expect(done).toEqual([0, 1, 2, 3, 4]);
});

test('is drained at once, also while it is at work', async () => {
  const queue = new PauseQueue();
  const done: number[] = [];
  for (let i = 0; i < 40; i++) queue.add(() => done.push(i));
  await turnsOfTheLoop(2);
  expect(done.length).toBeGreaterThan(0);
  queue.drain();
  expect(done).toEqual(Array.from({ length: 40 }, (_, i) => i));
  queue.add(() => done.push(40));
  await turnsOfTheLoop();
  expect(done.at(-1)).toBe(40);
});
