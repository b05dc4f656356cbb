import { expect, test } from 'vitest';
import { poolName } from '../../src/core/names.ts';
import { breachesOf } from '../../src/state/breaches.ts';
import { FAIL, scopeOf } from '../daemon/wiring.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { A, allUp, B, C, DRAIN, goalIn, readTables } from './read-tables.ts';

const WEB = poolName('web');
const FLOORED = config(
  [pool('web', { floor: { kind: 'count', count: 1 } }), pool('mail')],
  [backend('lb1', { web: A, mail: C }), backend('lb2', { web: B })],
);
const TABLES = { web: [A, B], mail: [C] };
const BREACH = { pool: 'web', family: 'inet', left: 0, floor: 1 };

test('draining one of two is no breach, draining both or the last one is', () => {
  const { state, override } = allUp(FLOORED, TABLES);
  const { view } = state;
  expect(breachesOf(view, [scopeOf('lb1')], DRAIN, 0)).toEqual([]);
  expect(breachesOf(view, [scopeOf('lb1'), scopeOf('lb2')], DRAIN, 0)).toEqual([BREACH]);
  override('lb1', DRAIN);
  expect(breachesOf(view, [scopeOf('web/lb2')], DRAIN, 0)).toEqual([BREACH]);
});

test('asking changes nothing', () => {
  const { state } = allUp(FLOORED, TABLES);
  const before = state.view.pools.get(WEB)?.outcome;
  breachesOf(state.view, [scopeOf('lb1'), scopeOf('lb2')], DRAIN, 0);
  expect(state.view.pools.get(WEB)?.outcome).toBe(before);
  expect(goalIn(state.decide([WEB]))).toEqual([A, B]);
  expect(state.view.overrides.size).toBe(0);
});

test('draining all while the table was not read yet is a breach', () => {
  const { state, override } = readTables(FLOORED, {});
  expect(breachesOf(state.view, [scopeOf('lb1')], DRAIN, 0)).toEqual([]);
  override('lb1', DRAIN);
  expect(breachesOf(state.view, [scopeOf('lb2')], DRAIN, 0)).toEqual([BREACH]);
});

test('draining a member that is out already is no breach', () => {
  const { state, probe, read } = allUp(FLOORED, TABLES);
  probe('lb2', FAIL, 3);
  expect(goalIn(state.decide([WEB]))).toEqual([A]);
  read('web', [A]);
  expect(breachesOf(state.view, [scopeOf('lb2')], DRAIN, 0)).toEqual([]);
});

test('ready is no breach, and an unknown backend has none', () => {
  const { state, override } = allUp(FLOORED, TABLES);
  override('lb1', DRAIN);
  expect(breachesOf(state.view, [scopeOf('lb1')], null, 0)).toEqual([]);
  expect(breachesOf(state.view, [scopeOf('gone'), scopeOf('gone/lb1')], DRAIN, 0)).toEqual([]);
});
