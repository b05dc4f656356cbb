import { expect, test } from 'vitest';
import { Semaphore } from '../../src/scheduler/semaphore.ts';

test('as many as the limit run at once, the others in the order of their arrival', () => {
  const semaphore = new Semaphore(2);
  const started: string[] = [];
  for (const name of ['a', 'b', 'c', 'd']) semaphore.acquire(() => started.push(name));
  expect([started, semaphore.acquired, semaphore.waiting]).toEqual([['a', 'b'], 2, 2]);
  semaphore.release();
  expect(started).toEqual(['a', 'b', 'c']);
  semaphore.release();
  semaphore.release();
  semaphore.release();
  expect([started, semaphore.acquired, semaphore.waiting]).toEqual([['a', 'b', 'c', 'd'], 0, 0]);
});

test('a higher limit starts those that wait at once, a lower one waits for releases', () => {
  const semaphore = new Semaphore(1);
  const started: number[] = [];
  for (let i = 0; i < 4; i++) semaphore.acquire(() => started.push(i));
  semaphore.setLimit(3);
  expect(started).toEqual([0, 1, 2]);
  semaphore.setLimit(1);
  semaphore.release();
  semaphore.release();
  expect(started).toEqual([0, 1, 2]);
  semaphore.release();
  expect(started).toEqual([0, 1, 2, 3]);
});

test('one that releases at once makes room for the next', () => {
  const semaphore = new Semaphore(1);
  let started = 0;
  for (let i = 0; i < 3; i++) {
    semaphore.acquire(() => {
      started += 1;
      semaphore.release();
    });
  }
  expect([started, semaphore.acquired]).toEqual([3, 0]);
});
