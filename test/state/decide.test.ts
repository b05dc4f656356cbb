import { describe, expect, test } from 'vitest';
import { poolName } from '../../src/core/names.ts';
import { candidatesOf, decide, firstRoundMs } from '../../src/state/decide.ts';
import { FAIL } from '../daemon/wiring.ts';
import { backend, check, config, pool } from '../fakes/config.ts';
import { A, allUp, B, DRAIN, MAINT, readTables, type StateBench, TWO } from './read-tables.ts';

const WEB = poolName('web');

function webOf({ state }: StateBench) {
  const web = state.view.pools.get(WEB);
  if (web === undefined) throw new Error('the configuration has no pool web');
  return web;
}

/** What each member of web is to do. */
function wishes(bench: StateBench) {
  return candidatesOf(bench.state.view, webOf(bench)).map(({ wish }) => wish);
}

test("what a table must hold is in pf's order, however it is configured", () => {
  const members = [backend('lb1', { web: ['fd00::2', '10.0.0.10'] }), backend('lb2', { web: B })];
  const bench = allUp(config([pool('web')], members));
  expect([...(webOf(bench).outcome?.desired ?? [])]).toEqual([B, '10.0.0.10', 'fd00::2']);
});

describe('what a member is to do', () => {
  test('follows its health', () => {
    const bench = readTables();
    expect(wishes(bench)).toEqual([{ kind: 'keep' }, { kind: 'keep' }]);
    bench.probe('lb1', { kind: 'pass', detail: '' }, 2);
    bench.probe('lb2', FAIL, 3);
    expect(wishes(bench)).toEqual([{ kind: 'in' }, { kind: 'out', by: 'health' }]);
  });

  test('follows the override before its health', () => {
    const bench = allUp();
    bench.override('lb1', DRAIN);
    bench.override('web/lb2', MAINT);
    expect(wishes(bench)).toEqual([
      { kind: 'out', by: 'drain' },
      { kind: 'out', by: 'maint' },
    ]);
    bench.override('lb1', { ...DRAIN, state: 'force-up' });
    expect(wishes(bench)[0]).toEqual({ kind: 'in' });
  });

  test('is to stay as it is where its checks are off', () => {
    const off = { checks: [check({ mode: 'off' })] };
    const members = [backend('lb1', { web: A }, off), backend('lb2', { web: B }, off)];
    const bench = readTables(config([pool('web')], members), { web: [B] });
    expect(wishes(bench)).toEqual([
      { kind: 'leave', held: [] },
      { kind: 'leave', held: [B] },
    ]);
  });
});

describe('the first round', () => {
  test('keeps a member that is down or asks to be drained, and no member under an override', () => {
    const three = config([pool('web')], [...TWO.backends, backend('lb3', { web: '10.0.0.3' })]);
    const bench = readTables(three, { web: [A, B, '10.0.0.3'] });
    bench.probe('lb1', FAIL, 3);
    const { view } = bench.state;
    const nowMs = bench.clock.monotonicMs();
    expect([...decide(view, webOf(bench), nowMs).desired]).toEqual([A, B, '10.0.0.3']);
    bench.override('lb2', DRAIN);
    expect([...decide(view, webOf(bench), nowMs).desired]).toEqual([A, '10.0.0.3']);
    const { roundEndsMs } = webOf(bench);
    expect([...decide(view, webOf(bench), roundEndsMs).desired]).toEqual(['10.0.0.3']);
  });

  test('ends when every member has a verdict', () => {
    const bench = readTables();
    bench.probe('lb1', FAIL, 3);
    bench.probe('lb2', { kind: 'pass', detail: '' });
    const outcome = decide(bench.state.view, webOf(bench), bench.clock.monotonicMs());
    expect([...outcome.desired]).toEqual([B]);
  });

  test.for([
    ['lasts until the slowest check has decided', {}, 2500],
    ['has the delay of the first start', { startDelayMs: 400 }, 2900],
    ['is nothing without a check that probes', { mode: 'up' }, 0],
    ['lasts at most 15 s', { rise: 100 }, 15_000],
  ] as const)('%s', ([, options, expectedMs]) => {
    const one = config([pool('web')], [backend('lb1', { web: A }, { checks: [check(options)] })]);
    expect(firstRoundMs(one, WEB)).toBe(expectedMs);
  });

  test('does not wait for the backends of other pools', () => {
    const slow = { checks: [check({ rise: 100 })] };
    const both = config(
      [pool('web'), pool('mail')],
      [backend('lb1', { web: A }), backend('lb2', { mail: B }, slow)],
    );
    expect(firstRoundMs(both, WEB)).toBe(2500);
  });
});
