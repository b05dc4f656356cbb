import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../src/core/verdict.ts';
import { FAIL, PASS } from '../daemon/wiring.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { A, allUp, B, C, MAINT, ROUND_MS, readTables } from './read-tables.ts';

const ASKS: Verdict = { kind: 'pass', detail: '404, asks to be drained', asksDrain: true };

describe('a change of health', () => {
  test('its event tells the check, the reason, the count and how long the old health lasted', () => {
    const { clock, probe } = allUp();
    clock.stall(60_000);
    expect(probe('lb1', FAIL, 3).events).toEqual([
      {
        kind: 'health',
        backend: 'lb1',
        from: 'up',
        to: 'down',
        check: 'tcp',
        reason: 'connect-refused',
        detail: 'connection refused',
        count: '3 of 3',
        lastedMs: 60_000 + ROUND_MS,
      },
    ]);
  });

  test('begins on both clocks when it is counted', () => {
    const { clock, state, probe } = allUp();
    clock.stepWall(3_600_000);
    probe('lb1', FAIL, 3);
    expect([...state.view.backends.values()][0]).toMatchObject({
      sinceMs: clock.wallMs(),
      sinceMonotonicMs: clock.monotonicMs(),
    });
  });

  test('is announced once', () => {
    const { probe } = allUp();
    expect(probe('lb1', FAIL, 3).announcements).toEqual([
      {
        backend: 'lb1',
        from: 'up',
        to: 'down',
        reason: 'connect-refused',
        detail: 'connection refused',
      },
    ]);
    expect(probe('lb1', FAIL).announcements).toEqual([]);
  });

  test('to down of a backend that is out already reports its addresses as removed', () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: [B, C] })]);
    const { probe } = readTables(both, { web: [A], mail: [B] });
    expect(probe('lb1', FAIL, 3).removed).toEqual([{ pool: 'mail', entries: [C] }]);
  });

  test('from up to down reports nothing as removed: the next reading does', () => {
    const { probe } = allUp();
    expect(probe('lb1', FAIL, 3).removed).toEqual([]);
  });
});

describe('maintenance', () => {
  test('announces nothing by itself', () => {
    const { override, probe } = allUp();
    const effects = [override('lb1', MAINT), override('lb1', null)];
    for (let i = 0; i < 2; i++) effects.push(probe('lb1', PASS));
    expect(effects.flatMap(({ announcements }) => announcements)).toEqual([]);
    const healths = effects.flatMap(({ events }) => events.filter(({ kind }) => kind === 'health'));
    expect(healths).toMatchObject([{ to: 'unknown' }, { to: 'up' }]);
  });

  test('is the reason of the health event', () => {
    const { override } = allUp();
    expect(override('lb1', MAINT).events).toMatchObject([
      { kind: 'admin' },
      { kind: 'health', to: 'unknown', check: null, reason: null, detail: 'in maintenance' },
    ]);
  });
});

describe('a backend that asks to be drained', () => {
  test('is one event and changes its pools, with no change of health', () => {
    const { probe } = allUp();
    const effects = probe('lb1', ASKS);
    expect(effects.events).toEqual([
      { kind: 'asks-drain', backend: 'lb1', active: true, detail: '404, asks to be drained' },
    ]);
    expect(effects.changedPools).toEqual(['web']);
    expect(probe('lb1', ASKS).events).toEqual([]);
  });

  test('asks no more with the next plain pass, and goes on asking through a failure', () => {
    const { probe } = allUp();
    probe('lb1', ASKS);
    expect(probe('lb1', FAIL).events).toEqual([]);
    expect(probe('lb1', PASS).events).toMatchObject([{ kind: 'asks-drain', active: false }]);
  });
});
