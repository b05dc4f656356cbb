import { expect, test } from 'vitest';
import { CloseQueue } from '../../src/probes/close-queue.ts';
import { turnsOfTheLoop } from '../probes/fixtures/servers.ts';

test('closes everything, in order, and nothing before the pause', async () => {
  const queue = new CloseQueue();
  const closed: number[] = [];
  for (let i = 0; i < 100; i++) queue.add(() => closed.push(i));
  expect(closed).toEqual([]);
  await turnsOfTheLoop();
  expect(closed).toEqual(Array.from({ length: 100 }, (_, i) => i));
});

test('lets other work come between, and takes what comes meanwhile', async () => {
  const queue = new CloseQueue();
  const course: string[] = [];
  for (let i = 0; i < 40; i++) queue.add(() => course.push('close'));
  await turnsOfTheLoop(1);
  course.push('other work');
  queue.add(() => course.push('last'));
  await turnsOfTheLoop();
  const before = course.indexOf('other work');
  expect(before).toBeGreaterThan(0);
  expect(before).toBeLessThan(40);
  expect(course.slice(-2)).toEqual(['close', 'last']);
});

test('what was closed and added again later is closed again', async () => {
  const queue = new CloseQueue();
  let closed = 0;
  for (let round = 1; round <= 3; round++) {
    queue.add(() => {
      closed += 1;
    });
    await turnsOfTheLoop();
    expect(closed).toBe(round);
  }
});

test('what comes faster than it can be closed is closed at once, the oldest first', async () => {
  const queue = new CloseQueue();
  const closed: number[] = [];
  for (let i = 0; i < 5000; i++) {
    queue.add(() => closed.push(i));
    expect(i + 1 - closed.length).toBeLessThanOrEqual(1024);
  }
  await turnsOfTheLoop(400);
  expect(closed).toEqual(Array.from({ length: 5000 }, (_, i) => i));
});
