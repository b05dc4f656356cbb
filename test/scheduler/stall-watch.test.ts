import { expect, test } from 'vitest';
import { watchStalls } from '../../src/scheduler/stall-watch.ts';
import { createFakeClock } from '../fakes/clock.ts';

function watch() {
  const clock = createFakeClock();
  const stalls = watchStalls(clock);
  stalls.start();
  return { clock, stalls, sinceMs: clock.monotonicMs() };
}

test('a process that runs was not paused', async () => {
  const { clock, stalls, sinceMs } = watch();
  await clock.advance(60_000);
  expect(stalls.stalledSince(sinceMs)).toBe(0);
});

test('a pause counts, to the precision of a tick', async () => {
  const { clock, stalls, sinceMs } = watch();
  await clock.advance(1000);
  clock.stall(700);
  await clock.advance(1000);
  expect(stalls.stalledSince(sinceMs)).toBeGreaterThan(700 - 50);
  expect(stalls.stalledSince(sinceMs)).toBeLessThanOrEqual(700);
});

test('a pause is known before any timer has fired', () => {
  const { clock, stalls, sinceMs } = watch();
  clock.stall(700);
  const stalledMs = stalls.stalledSince(sinceMs);
  expect(stalledMs).toBeGreaterThan(650);
  expect(stalls.stalledSince(sinceMs)).toBe(stalledMs);
});

test('a pause counts once, before and after its tick', async () => {
  const { clock, stalls, sinceMs } = watch();
  clock.stall(700);
  const stalledMs = stalls.stalledSince(sinceMs);
  await clock.advance(5000);
  expect(stalls.stalledSince(sinceMs)).toBe(stalledMs);
});

test('only the part after the given time counts', async () => {
  const { clock, stalls } = watch();
  clock.stall(700);
  await clock.advance(300);
  expect(stalls.stalledSince(clock.monotonicMs() - 400)).toBe(100);
  expect(stalls.stalledSince(clock.monotonicMs() - 200)).toBe(0);
});

test('several pauses add up', async () => {
  const { clock, stalls, sinceMs } = watch();
  for (let i = 0; i < 3; i++) {
    clock.stall(500);
    await clock.advance(1000);
  }
  expect(stalls.stalledSince(sinceMs)).toBeGreaterThan(3 * 450);
});

test('a step of the wall clock is not a pause', async () => {
  const { clock, stalls, sinceMs } = watch();
  clock.stepWall(3_600_000);
  await clock.advance(1000);
  clock.stepWall(-7_200_000);
  await clock.advance(1000);
  expect(stalls.stalledSince(sinceMs)).toBe(0);
});

test('a timer of others that has fired spares the next look at the clock', async () => {
  const clock = createFakeClock();
  const late: number[] = [];
  const stalls = watchStalls(clock, (ms) => late.push(ms));
  stalls.start();
  clock.stall(23);
  stalls.timerFired(clock.monotonicMs() - 1);
  expect(late).toEqual([3]);
  // The work after that does not count as late. The next look is due on the next tick.
  await clock.advance(17);
  expect(late).toEqual([3, 0]);
});

test('while it is stopped it has no timer, but is told how late others were', async () => {
  const clock = createFakeClock();
  const late: number[] = [];
  const stalls = watchStalls(clock, (ms) => late.push(ms));
  clock.stall(5);
  stalls.timerFired(clock.monotonicMs() - 5);
  expect(late).toEqual([5]);
  stalls.start();
  stalls.stop();
  stalls.stop();
  await clock.advance(1000);
  expect(late).toEqual([5]);
  expect(clock.pending).toBe(0);
});

test('a pause while it was stopped does not count', () => {
  const { clock, stalls, sinceMs } = watch();
  stalls.stop();
  clock.stall(700);
  stalls.timerFired(clock.monotonicMs() - 700);
  stalls.start();
  expect(stalls.stalledSince(sinceMs)).toBe(0);
});

test.each([
  ['the rounding of timers is not late', { worked: 0, overslept: 0.75, late: 0 }],
  ['unless the event loop worked meanwhile', { worked: 0.5, overslept: 0.25, late: 0.5 }],
  ['more than the rounding is late', { worked: 0, overslept: 5, late: 4 }],
  ['all time in which the event loop worked counts', { worked: 5, overslept: 0.5, late: 5 }],
])('%s', async (_, { worked, overslept, late }) => {
  const clock = createFakeClock();
  const heard: number[] = [];
  watchStalls(clock, (ms) => heard.push(ms)).start();
  await clock.advance(15);
  clock.stall(worked);
  clock.oversleep(5 + overslept);
  await clock.advance(0);
  expect(heard).toEqual([late]);
});
