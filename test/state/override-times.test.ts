import { describe, expect, test } from 'vitest';
import type { Overrides } from '../../src/core/override.ts';
import { overrideEvents, WallClockSteps } from '../../src/state/override-times.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { DRAIN, MAINT } from './read-tables.ts';

const ENDLESS: Overrides = new Map([['lb1', DRAIN]]);

describe('a step of the wall clock', () => {
  test.for([3_600_000, -3_600_000])('of %i ms moves every end along', (stepMs) => {
    const clock = createFakeClock();
    const steps = new WallClockSteps(clock);
    const overrides = new Map([...ENDLESS, ['lb2', { ...MAINT, untilMs: 60_000 }]]);
    clock.stepWall(stepMs);
    const moved = steps.follow(overrides);
    expect(moved.get('lb1')).toEqual(DRAIN);
    expect(moved.get('lb2')).toEqual({ ...MAINT, untilMs: 60_000 + stepMs });
    expect(steps.follow(moved)).toBe(moved);
  });

  test('of less than 500 ms is none: the two clocks are read one after the other', () => {
    const clock = createFakeClock();
    const steps = new WallClockSteps(clock);
    const overrides = new Map([['lb1', { ...DRAIN, untilMs: 60_000 }]]);
    clock.stepWall(499);
    expect(steps.follow(overrides)).toBe(overrides);
    clock.stepWall(1);
    expect(steps.follow(overrides).get('lb1')?.untilMs).toBe(60_500);
  });

  test('that small steps add up to counts as a whole', () => {
    const clock = createFakeClock();
    const steps = new WallClockSteps(clock);
    let overrides: Overrides = new Map([['lb1', { ...DRAIN, untilMs: 60_000 }]]);
    for (let i = 0; i < 10; i++) {
      clock.stepWall(100);
      overrides = steps.follow(overrides);
    }
    expect(overrides.get('lb1')?.untilMs).toBe(61_000);
  });

  test('is not the time that passes on both clocks', () => {
    const clock = createFakeClock();
    const steps = new WallClockSteps(clock);
    const overrides = new Map([['lb1', { ...DRAIN, untilMs: 60_000 }]]);
    clock.stall(3_600_000);
    expect(steps.follow(overrides)).toBe(overrides);
  });
});

describe('events of overrides', () => {
  test('there is one for each scope that changes, with who, why and until when', () => {
    const after = new Map([
      ['lb1', { ...MAINT, untilMs: 5 }],
      ['web/lb2', DRAIN],
    ]);
    expect(overrideEvents(ENDLESS, after, 'anna', 'a test')).toEqual([
      {
        ...{ kind: 'admin', name: 'lb1', from: 'drain', to: 'maint' },
        ...{ by: 'anna', reason: 'a test', untilMs: 5 },
      },
      {
        ...{ kind: 'admin', name: 'web/lb2', from: 'ready', to: 'drain' },
        ...{ by: 'anna', reason: 'a test', untilMs: null },
      },
    ]);
  });

  test('ready is the end of an override', () => {
    expect(overrideEvents(ENDLESS, new Map(), null, 'its time is over')).toEqual([
      {
        ...{ kind: 'admin', name: 'lb1', from: 'drain', to: 'ready' },
        ...{ by: null, reason: 'its time is over', untilMs: null },
      },
    ]);
  });

  test('there is none for an override that stays', () => {
    expect(overrideEvents(ENDLESS, new Map(ENDLESS), 'anna', null)).toEqual([]);
  });
});
