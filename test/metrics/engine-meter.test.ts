import { expect, test } from 'vitest';
import { fail, inconclusive, pass } from '../../src/core/verdict.ts';
import { EngineMeter } from '../../src/metrics/engine-meter.ts';
import { createFakeClock } from '../fakes/clock.ts';

test('counts since the start, and has zeros where nothing was measured', () => {
  const meter = new EngineMeter(createFakeClock());
  for (const verdict of [pass('ok'), fail('deadline', ''), inconclusive('stalled', '')]) {
    meter.started(0, 1000);
    meter.ended(verdict);
  }
  expect(meter.stats).toMatchObject({
    started: 3,
    inconclusive: 1,
    skipped: 0,
    pfctlMs: { p50: 0, p99: 0, max: 0 },
  });
});

test('shows how late starts were, to two figures', () => {
  const meter = new EngineMeter(createFakeClock());
  for (let ms = 1; ms <= 100; ms++) meter.started(ms, 1000);
  const { p50, p99, max } = meter.stats.latenessMs;
  expect(Math.abs(p50 - 50)).toBeLessThan(1);
  expect(Math.abs(p99 - 99)).toBeLessThan(1);
  expect(Math.abs(max - 100)).toBeLessThan(1);
});

test('a start that is later than its interval counts as skipped starts', () => {
  const meter = new EngineMeter(createFakeClock());
  meter.started(3500, 1000);
  meter.skipped(1);
  expect(meter.stats).toMatchObject({ skipped: 4, skippedLately: 4 });
});

test('forgets what is older than a minute, and keeps the counts', async () => {
  const clock = createFakeClock();
  const meter = new EngineMeter(clock);
  meter.loopDelay(80);
  meter.pfctl(30);
  meter.skipped(2);
  await clock.advance(31_000);
  expect(meter.stats.loopDelayMs.max).toBeGreaterThan(79);
  expect(meter.stats.skippedLately).toBe(2);
  await clock.advance(31_000);
  expect(meter.stats).toMatchObject({
    skipped: 2,
    skippedLately: 0,
    loopDelayMs: { max: 0 },
    pfctlMs: { max: 0 },
  });
});
