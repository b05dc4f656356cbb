import { expect, test } from 'vitest';
import { watchStalls } from '../../src/scheduler/stall-watch.ts';
import { createFakeClock } from '../fakes/clock.ts';

function watch() {
  const clock = createFakeClock();
  const stalls = watchStalls(clock);
  stalls.start();
  return { clock, stalls, sinceMs: clock.monotonicMs() };
}

test('a process that runs has not stood still', async () => {
  const { clock, stalls, sinceMs } = watch();
  await clock.advance(60_000);
  expect(stalls.stalledSince(sinceMs)).toBe(0);
});

test('a stall counts, within what a tick can tell', async () => {
  const { clock, stalls, sinceMs } = watch();
  await clock.advance(1000);
  clock.stall(700);
  await clock.advance(1000);
  expect(stalls.stalledSince(sinceMs)).toBeGreaterThan(700 - 50);
  expect(stalls.stalledSince(sinceMs)).toBeLessThanOrEqual(700);
});

test('a stall is known to whoever asks before any timer has run', () => {
  const { clock, stalls, sinceMs } = watch();
  clock.stall(700);
  const stalledMs = stalls.stalledSince(sinceMs);
  expect(stalledMs).toBeGreaterThan(650);
  expect(stalls.stalledSince(sinceMs)).toBe(stalledMs);
});

test('a stall counts once, though asked about before and after its tick', async () => {
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

test('several stalls add up', async () => {
  const { clock, stalls, sinceMs } = watch();
  for (let i = 0; i < 3; i++) {
    clock.stall(500);
    await clock.advance(1000);
  }
  expect(stalls.stalledSince(sinceMs)).toBeGreaterThan(3 * 450);
});

test('a step of the wall clock is no stall', async () => {
  const { clock, stalls, sinceMs } = watch();
  clock.stepWall(3_600_000);
  await clock.advance(1000);
  clock.stepWall(-7_200_000);
  await clock.advance(1000);
  expect(stalls.stalledSince(sinceMs)).toBe(0);
});

test('whoever was woken by a timer of its own spares the next look', async () => {
  const clock = createFakeClock();
  const late: number[] = [];
  const stalls = watchStalls(clock, (ms) => late.push(ms));
  stalls.start();
  clock.stall(23);
  stalls.timerFired(clock.monotonicMs() - 1);
  expect(late).toEqual([3]);
  // What work there is then is not what made it late; the next look is due on the next tick.
  await clock.advance(17);
  expect(late).toEqual([3, 0]);
});

test('while it rests there is no timer, but it hears how late others were', async () => {
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

test('a stall in which it rested does not count', () => {
  const { clock, stalls, sinceMs } = watch();
  stalls.stop();
  clock.stall(700);
  stalls.timerFired(clock.monotonicMs() - 700);
  stalls.start();
  expect(stalls.stalledSince(sinceMs)).toBe(0);
});

test.each([
  ['the rounding of timers is not late', { worked: 0, overslept: 0.75, late: 0 }],
  ['unless the loop was at work meanwhile', { worked: 0.5, overslept: 0.25, late: 0.5 }],
  ['what is more than the rounding is late', { worked: 0, overslept: 5, late: 4 }],
  ['whatever the loop was at work for counts', { worked: 5, overslept: 0.5, late: 5 }],
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
