import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { count, FRESH_STREAK, type Streak } from '../../src/core/health.ts';
import {
  currentIntervalMs,
  nextDueMs,
  phaseMs,
  type Rhythm,
  type Start,
  worstCaseDetectionMs,
} from '../../src/core/schedule.ts';
import { fail } from '../../src/core/verdict.ts';

const RHYTHM: Rhythm = {
  intervalMs: 1000,
  fastIntervalMs: 200,
  downIntervalMs: 3000,
  timeoutMs: 500,
};
const UP: Streak = { health: 'up', passes: 7, failures: 0 };
const FALLING: Streak = { health: 'up', passes: 0, failures: 1 };
const DOWN: Streak = { health: 'down', passes: 0, failures: 9 };
const RISING: Streak = { health: 'down', passes: 1, failures: 0 };

test.each([
  ['up', UP, 1000],
  ['falling', FALLING, 200],
  ['down', DOWN, 3000],
  ['rising', RISING, 200],
  ['unknown', FRESH_STREAK, 200],
])('the interval of one that is %s', (_, streak, expected) => {
  expect(currentIntervalMs(RHYTHM, streak)).toBe(expected);
});

function punctual(startMs: number): Start {
  return { dueMs: startMs, startMs };
}

describe('the next start', () => {
  test('stays at origin + k * interval however late each one is', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.array(fc.double({ min: 0, max: 900, noNaN: true }), { minLength: 1, maxLength: 50 }),
        (originMs, lates) => {
          let dueMs = originMs;
          for (const [i, lateMs] of lates.entries()) {
            expect(dueMs).toBeCloseTo(originMs + i * RHYTHM.intervalMs, 3);
            dueMs = nextDueMs(originMs, { dueMs, startMs: dueMs + lateMs }, RHYTHM, UP);
          }
        },
      ),
    );
  });

  test('comes fast_interval after the start of the first probe of a change', () => {
    expect(nextDueMs(100, { dueMs: 1100, startMs: 1234 }, RHYTHM, FALLING)).toBe(1434);
  });

  test.each([
    [0, 1634],
    [99, 1634],
    [150, 1684],
    [1000, 2534],
  ])(
    'of a change comes no later after a probe that was %i ms late, but after half of fast_interval at least',
    (lateMs, dueMs) => {
      const twice: Streak = { ...FALLING, failures: 2 };
      expect(nextDueMs(100, { dueMs: 1434, startMs: 1434 + lateMs }, RHYTHM, twice)).toBe(dueMs);
    },
  );

  test('of a change comes no sooner after its first than with punctual starts', () => {
    const late = fc.double({ min: 0, max: 5000, noNaN: true });
    fc.assert(
      fc.property(fc.array(late, { minLength: 1, maxLength: 20 }), (lates) => {
        let dueMs = 1000;
        let firstMs = 0;
        for (const [i, lateMs] of lates.entries()) {
          const startMs = dueMs + lateMs;
          if (i === 0) firstMs = startMs;
          expect(startMs - firstMs).toBeGreaterThanOrEqual(i * RHYTHM.fastIntervalMs - 1e-6);
          dueMs = nextDueMs(0, { dueMs, startMs }, RHYTHM, { ...FALLING, failures: i + 1 });
        }
      }),
    );
  });

  test('goes back to origin + k * interval when the change is over', () => {
    expect(nextDueMs(100, punctual(1434), RHYTHM, UP)).toBe(2100);
  });

  test('is at origin + k * down_interval for a check that is down', () => {
    expect(nextDueMs(100, punctual(1434), RHYTHM, DOWN)).toBe(3100);
  });

  test('is not due twice for a start that a timer made a little early', () => {
    expect(nextDueMs(100, { dueMs: 1100, startMs: 1099.6 }, RHYTHM, UP)).toBe(2100);
  });

  test('is always after the last start', () => {
    const ms = fc.double({ min: 0, max: 1e9, noNaN: true });
    fc.assert(
      fc.property(
        ms,
        ms,
        fc.constantFrom(UP, DOWN, FALLING, RISING),
        (originMs, lastMs, streak) => {
          expect(nextDueMs(originMs, punctual(lastMs), RHYTHM, streak)).toBeGreaterThan(lastMs);
        },
      ),
    );
  });
});

describe('phases', () => {
  test('are the same for the same name, and within the interval', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 86_400_000 }), (name, intervalMs) => {
        const phase = phaseMs(name, intervalMs);
        expect(phase).toBe(phaseMs(name, intervalMs));
        expect(phase).toBeGreaterThanOrEqual(0);
        expect(phase).toBeLessThan(intervalMs);
      }),
    );
  });

  test.each([
    ['lb', (i: number) => `lb${i}/http`],
    ['hosts of a network', (i: number) => `10.0.${i >> 8}.${i & 255}/tcp`],
    ['padded names', (i: number) => `worker-${String(i).padStart(5, '0')}/ingress`],
  ])('of %s are spread evenly', (_, nameOf) => {
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 2000; i++) {
      const tenth = Math.floor(phaseMs(nameOf(i), 10));
      tenths[tenth] = (tenths[tenth] ?? 0) + 1;
    }
    // 200 each, within 5 standard deviations of a uniform distribution.
    for (const count of tenths) expect(Math.abs(count - 200)).toBeLessThan(68);
  });
});

/** Simulates a death as the scheduler would see it: the time from the death until the check is down. */
function detectionMs(rhythm: Rhythm, fall: number, deathMs: number, takesMs: number): number {
  let streak: Streak = UP;
  let startMs = 0;
  for (;;) {
    const dueMs = nextDueMs(0, punctual(startMs), rhythm, streak);
    // The probe before must be over; a start that has passed meanwhile is skipped.
    const freeMs = startMs === 0 ? 0 : startMs + takesMs;
    startMs = dueMs >= freeMs ? dueMs : Math.max(freeMs, dueMs);
    if (startMs < deathMs) continue;
    streak = count(streak, fail('read-timeout', ''), { rise: 2, fall, held: 'neither' });
    if (streak.health === 'down') return startMs + takesMs - deathMs;
  }
}

describe('the worst case', () => {
  const rhythm: fc.Arbitrary<Rhythm> = fc
    .record({
      intervalMs: fc.integer({ min: 10, max: 10_000 }),
      fast: fc.double({ min: 0, max: 1, noNaN: true }),
      timeout: fc.double({ min: 0, max: 1, noNaN: true }),
    })
    .map(({ intervalMs, fast, timeout }) => ({
      intervalMs,
      fastIntervalMs: Math.max(1, Math.floor(fast * intervalMs)),
      downIntervalMs: intervalMs,
      timeoutMs: Math.max(1, Math.floor(timeout * intervalMs)),
    }));

  test('is never exceeded, whenever the death comes and however long the failures take', () => {
    fc.assert(
      fc.property(
        rhythm,
        fc.integer({ min: 1, max: 5 }),
        fc.double({ min: 0, max: 3, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (one, fall, death, share) => {
          const took = detectionMs(one, fall, death * one.intervalMs, share * one.timeoutMs);
          expect(took).toBeLessThanOrEqual(worstCaseDetectionMs(one, fall) + 0.001);
        },
      ),
    );
  });

  test('is reached by a death right after a probe that hangs from then on', () => {
    fc.assert(
      fc.property(rhythm, fc.integer({ min: 1, max: 5 }), (one, fall) => {
        const took = detectionMs(one, fall, 0.0001, one.timeoutMs);
        expect(took).toBeCloseTo(worstCaseDetectionMs(one, fall), 2);
      }),
    );
  });

  test('of the defaults is 1000 + 2 * 500 + 500 ms', () => {
    expect(worstCaseDetectionMs(RHYTHM, 3)).toBe(2500);
  });
});
