import { expect, test } from 'vitest';
import { PauseQueue } from '../../src/sys/pause-queue.ts';
import { turnsOfTheLoop } from '../probes/fixtures/servers.ts';

test('runs everything in order, and nothing before a pause', async () => {
  const queue = new PauseQueue();
  const done: number[] = [];
  for (let i = 0; i < 100; i++) queue.add(() => done.push(i));
  expect(done).toEqual([]);
  await turnsOfTheLoop();
  expect(done).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test('lets other work run in between, and accepts more meanwhile', async () => {
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

test('waits for a pause for at most 100 ms', async () => {
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

test('runs what is added after it was empty', async () => {
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

test('keeps at most 1024 waiting, and runs the oldest first', async () => {
  const queue = new PauseQueue();
  const done: number[] = [];
  for (let i = 0; i < 5000; i++) {
    queue.add(() => done.push(i));
    expect(i + 1 - done.length).toBeLessThanOrEqual(1024);
  }
  await turnsOfTheLoop(400);
  expect(done).toEqual(Array.from({ length: 5000 }, (_, i) => i));
});

test('runs everything at once when none may wait', async () => {
  const queue = new PauseQueue();
  const done: number[] = [];
  queue.most = 2;
  for (let i = 0; i < 4; i++) queue.add(() => done.push(i));
  expect(done).toEqual([0, 1]);
  queue.most = 0;
  queue.add(() => done.push(4));
  expect(done).toEqual([0, 1, 2, 3, 4]);
});

test('drains at once, also while it is running', async () => {
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
