import { describe, expect, test } from 'vitest';
import {
  backendOfKey,
  expiredKeys,
  type Override,
  type Overrides,
  overrideOf,
  scopeKey,
  withOverrides,
  withShiftedEnds,
} from '../../src/core/override.ts';
import { scopeOf } from '../daemon/wiring.ts';

const NONE: Overrides = new Map();

function overrideIn(state: Override['state'], untilMs: number | null = null): Override {
  return { state, by: 'anna', reason: null, sinceMs: 0, untilMs };
}

test('a scope key is what the CLI writes', () => {
  expect(scopeKey(scopeOf('lb1'))).toBe('lb1');
  expect(scopeKey(scopeOf('web/lb1'))).toBe('web/lb1');
  expect([backendOfKey('lb1'), backendOfKey('web/lb1')]).toEqual(['lb1', 'lb1']);
});

describe('an override', () => {
  test("of a membership is its own, else its backend's", () => {
    const drained = withOverrides(NONE, [scopeOf('lb1')], overrideIn('drain'));
    const both = withOverrides(drained, [scopeOf('web/lb1')], overrideIn('force-up'));
    expect(overrideOf(both, scopeOf('web/lb1'))?.state).toBe('force-up');
    expect(overrideOf(both, scopeOf('mail/lb1'))?.state).toBe('drain');
    expect(overrideOf(both, scopeOf('lb2'))).toBeNull();
  });

  test('on a backend replaces those on its memberships, not those of another backend', () => {
    const first = withOverrides(NONE, [scopeOf('web/lb1')], overrideIn('force-up'));
    const second = withOverrides(first, [scopeOf('web/lb11')], overrideIn('maint'));
    const third = withOverrides(second, [scopeOf('lb1')], overrideIn('drain'));
    expect([...third.keys()].sort()).toEqual(['lb1', 'web/lb11']);
  });

  test('is removed by ready', () => {
    const drained = withOverrides(NONE, [scopeOf('lb1')], overrideIn('drain'));
    expect(withOverrides(drained, [scopeOf('lb1')], null).size).toBe(0);
  });

  test('replaces the earlier one without changing the map that it was in', () => {
    const drained = withOverrides(NONE, [scopeOf('lb1')], overrideIn('drain'));
    const maintained = withOverrides(drained, [scopeOf('lb1')], overrideIn('maint'));
    expect(maintained.get('lb1')?.state).toBe('maint');
    expect(drained.get('lb1')?.state).toBe('drain');
    expect(NONE.size).toBe(0);
  });
});

test('an override expires at its time, one without a time never does', () => {
  const overrides = new Map([
    ['a', overrideIn('drain', 1000)],
    ['b', overrideIn('drain', 1001)],
    ['c', overrideIn('maint')],
  ]);
  expect(expiredKeys(overrides, 1000)).toEqual(['a']);
  expect(expiredKeys(overrides, Number.MAX_SAFE_INTEGER)).toEqual(['a', 'b']);
});

test('only expiries are shifted, and a map without any is returned as it is', () => {
  const endless = new Map([['a', overrideIn('drain')]]);
  expect(withShiftedEnds(endless, 5)).toBe(endless);
  const both = new Map([...endless, ['b', overrideIn('maint', 1000)]]);
  const shifted = withShiftedEnds(both, -5);
  expect([...shifted.values()].map(({ untilMs }) => untilMs)).toEqual([null, 995]);
});
