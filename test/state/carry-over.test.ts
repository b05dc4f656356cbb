import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import { carryOver } from '../../src/state/carry-over.ts';
import { FAIL, PASS } from '../daemon/wiring.ts';
import { backend, check, config, pool } from '../fakes/config.ts';
import { A, allUp, B, C, DRAIN, FOREIGN, readTables, type StateBench, TWO } from './read-tables.ts';

const LB1 = backendName('lb1');
const LB2 = backend('lb2', { web: B });

/** The view of a bench after a reload. */
function reloaded({ state }: StateBench, next: Config) {
  state.reload(next);
  return state.view;
}

function desiredIn(view: ReturnType<typeof reloaded>, name: string): readonly string[] | null {
  const outcome = view.pools.get(poolName(name))?.outcome ?? null;
  return outcome === null ? null : [...outcome.desired];
}

test('without a state before, everything is unknown', () => {
  const now = { wallMs: 7, monotonicMs: 8 };
  const { backends, pools, overrides } = carryOver(null, TWO, now);
  expect(backends.get(LB1)).toMatchObject({
    health: 'unknown',
    sinceMs: 7,
    sinceMonotonicMs: 8,
    lastGoodMs: Number.NEGATIVE_INFINITY,
    announced: null,
    served: false,
  });
  expect(pools.get(poolName('web'))).toMatchObject({
    configured: new Set([A, B]),
    actual: null,
    outcome: null,
  });
  expect(overrides.size).toBe(0);
});

describe('a check', () => {
  test('that has changed starts its count afresh and keeps its health', () => {
    const bench = allUp();
    bench.probe('lb1', FAIL, 2);
    const changed = backend('lb1', { web: A }, { checks: [check({ port: 81 })] });
    const view = reloaded(bench, config([pool('web')], [changed, LB2]));
    bench.probe('lb1', FAIL);
    expect(view.backends.get(LB1)).toMatchObject({
      health: 'up',
      checks: [{ streak: { health: 'up', failures: 1 } }],
    });
  });

  test('that is the same keeps its count and its history', () => {
    const bench = allUp();
    bench.probe('lb1', FAIL, 2);
    const view = reloaded(bench, config([pool('web')], [backend('lb1', { web: A }), LB2]));
    const [one] = view.backends.get(LB1)?.checks ?? [];
    expect(one?.streak).toEqual({ health: 'up', passes: 0, failures: 2 });
    expect(one?.history.all()).toHaveLength(4);
  });

  test('that is new to a backend begins with the health of the backend', () => {
    const bench = allUp();
    const checks = [check(), check({ name: 'other' })];
    const view = reloaded(bench, config([pool('web')], [backend('lb1', { web: A }, { checks })]));
    expect(view.backends.get(LB1)).toMatchObject({
      health: 'up',
      checks: [{}, { streak: { health: 'up', passes: 0, failures: 0 } }],
    });
  });
});

describe('a backend', () => {
  test('keeps its health and the time of its last change', () => {
    const bench = allUp();
    const before = bench.state.view.backends.get(LB1);
    bench.clock.stall(1000);
    const after = reloaded(bench, config([pool('web')], [backend('lb1', { web: A })]));
    expect(after.backends.get(LB1)).toMatchObject({
      health: 'up',
      sinceMs: before?.sinceMs,
      sinceMonotonicMs: before?.sinceMonotonicMs,
      lastGoodMs: before?.lastGoodMs,
      served: true,
    });
  });

  test('with another address is another host: its health is unknown, what was announced stays', () => {
    const bench = allUp();
    const moved = backend('lb1', { web: A }, { address: '10.9.9.8' });
    const view = reloaded(bench, config([pool('web')], [moved, LB2]));
    expect(view.backends.get(LB1)).toMatchObject({
      health: 'unknown',
      announced: 'up',
      served: false,
      lastGoodMs: Number.NEGATIVE_INFINITY,
    });
  });
});

describe('an override', () => {
  test('outlives a reload, also one without its backend', () => {
    const bench = allUp();
    bench.override('lb1', DRAIN);
    expect(reloaded(bench, TWO).overrides.has('lb1')).toBe(true);
    expect(reloaded(bench, config([pool('web')], [LB2])).overrides.has('lb1')).toBe(true);
    expect(reloaded(bench, TWO).overrides.has('lb1')).toBe(true);
  });

  test('on a membership follows its pool to a new name of the same table', () => {
    const bench = allUp();
    bench.override('web/lb1', DRAIN);
    bench.override('lb2', DRAIN);
    const renamed = config([pool('www', { table: 'web' })], [backend('lb1', { www: A })]);
    expect([...reloaded(bench, renamed).overrides.keys()]).toEqual(['www/lb1', 'lb2']);
  });
});

describe('a table', () => {
  test('is known under another name of its pool', () => {
    const bench = allUp();
    const members = [backend('lb1', { www: A }), backend('lb2', { www: B })];
    const view = reloaded(bench, config([pool('www', { table: 'web' })], members));
    expect(desiredIn(view, 'www')).toEqual([A, B]);
    expect(view.pools.get(poolName('www'))?.actual).toEqual(new Set([A, B]));
  });

  test('that is new is unread', () => {
    const view = reloaded(allUp(), config([pool('web', { table: 'other' })], TWO.backends));
    expect(view.pools.get(poolName('web'))).toMatchObject({ actual: null, outcome: null });
  });

  test('adopts a foreign address that becomes a member', () => {
    const bench = allUp(TWO, { web: [A, B, C, FOREIGN] });
    const members = [...TWO.backends, backend('lb3', { web: C })];
    expect(desiredIn(reloaded(bench, config([pool('web')], members)), 'web')).toEqual([A, B, C]);
  });

  test('keeps the end of its first round', () => {
    const bench = readTables();
    const endsMs = bench.state.view.pools.get(poolName('web'))?.roundEndsMs;
    bench.clock.stall(1000);
    const view = reloaded(bench, config([pool('web')], [backend('lb1', { web: A })]));
    expect(view.pools.get(poolName('web'))?.roundEndsMs).toBe(endsMs);
  });
});

test('changes nothing of the state before', () => {
  const bench = allUp();
  bench.override('lb1', DRAIN);
  bench.probe('lb2', PASS);
  const { view } = bench.state;
  const before = structuredClone({ ...view });
  bench.state.copy().reload(config([pool('www', { table: 'web' })], [backend('lb1', { www: C })]));
  expect(structuredClone({ ...view })).toEqual(before);
});
