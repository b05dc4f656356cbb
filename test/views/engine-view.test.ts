import { describe, expect, test } from 'vitest';
import { EngineMeter } from '../../src/metrics/engine-meter.ts';
import { engineView } from '../../src/views/engine-view.ts';
import { createFakeClock } from '../fakes/clock.ts';

function engine(spoil: (meter: EngineMeter) => void = () => {}) {
  const clock = createFakeClock();
  const meter = new EngineMeter(clock);
  for (let i = 0; i < 100; i++) meter.started(0.4, 1000);
  spoil(meter);
  return engineView(meter.stats, { inFlight: 0, waiting: 0, watching: 7 });
}

test('an engine that keeps up is in no trouble', () => {
  expect(engine()).toMatchObject({
    started: 100,
    skipped: 0,
    in_flight: 0,
    waiting: 0,
    watching: 7,
    lateness_ms: { p50: 0.4, p99: 0.4 },
    trouble: null,
  });
});

describe('what is not as it should be is said', () => {
  const late = (meter: EngineMeter): void => {
    for (let i = 0; i < 5; i++) meter.started(80, 1000);
  };
  test.for([
    [late, 'probes start late (p99 80ms)'],
    [
      (meter: EngineMeter) => meter.loopDelay(300),
      /^this host is busy: hfmd was paused \(p99 30\dms\)$/,
    ],
    [(meter: EngineMeter) => meter.skipped(3), '3 probes skipped in the last minute'],
    [(meter: EngineMeter) => meter.pfctl(3000), /^pfctl is slow \(p99 [23].*s\)$/],
  ] as const)('%#', ([spoil, words]) => {
    const { trouble } = engine(spoil);
    if (typeof words === 'string') expect(trouble).toBe(words);
    else expect(trouble).toMatch(words);
  });
});
