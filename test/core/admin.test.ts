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
} from '../../src/core/admin.ts';
import { scopeOf } from '../daemon/wiring.ts';

const NONE: Overrides = new Map();

function word(state: Override['state'], untilMs: number | null = null): Override {
  return { state, by: 'anna', reason: null, sinceMs: 0, untilMs };
}

test('a scope is written as the CLI does', () => {
  expect(scopeKey(scopeOf('lb1'))).toBe('lb1');
  expect(scopeKey(scopeOf('web/lb1'))).toBe('web/lb1');
  expect([backendOfKey('lb1'), backendOfKey('web/lb1')]).toEqual(['lb1', 'lb1']);
});

describe('the word that holds', () => {
  test("for a membership is its own, else the backend's", () => {
    const drained = withOverrides(NONE, [scopeOf('lb1')], word('drain'));
    const both = withOverrides(drained, [scopeOf('web/lb1')], word('force-up'));
    expect(overrideOf(both, scopeOf('web/lb1'))?.state).toBe('force-up');
    expect(overrideOf(both, scopeOf('mail/lb1'))?.state).toBe('drain');
    expect(overrideOf(both, scopeOf('lb2'))).toBeNull();
  });

  test('said of a backend ends what was said of its memberships, and of no other backend', () => {
    const first = withOverrides(NONE, [scopeOf('web/lb1')], word('force-up'));
    const second = withOverrides(first, [scopeOf('web/lb11')], word('maint'));
    const third = withOverrides(second, [scopeOf('lb1')], word('drain'));
    expect([...third.keys()].sort()).toEqual(['lb1', 'web/lb11']);
  });

  test('ready is the absence of one', () => {
    const drained = withOverrides(NONE, [scopeOf('lb1')], word('drain'));
    expect(withOverrides(drained, [scopeOf('lb1')], null).size).toBe(0);
  });

  test('replaces the earlier one and leaves the map it came from alone', () => {
    const drained = withOverrides(NONE, [scopeOf('lb1')], word('drain'));
    const maintained = withOverrides(drained, [scopeOf('lb1')], word('maint'));
    expect(maintained.get('lb1')?.state).toBe('maint');
    expect(drained.get('lb1')?.state).toBe('drain');
    expect(NONE.size).toBe(0);
  });
});

test('a word is over at its time, one without a time never is', () => {
  const overrides = new Map([
    ['a', word('drain', 1000)],
    ['b', word('drain', 1001)],
    ['c', word('maint')],
  ]);
  expect(expiredKeys(overrides, 1000)).toEqual(['a']);
  expect(expiredKeys(overrides, Number.MAX_SAFE_INTEGER)).toEqual(['a', 'b']);
});

test('only ends are shifted, and what has none stays the same', () => {
  const endless = new Map([['a', word('drain')]]);
  expect(withShiftedEnds(endless, 5)).toBe(endless);
  const both = new Map([...endless, ['b', word('maint', 1000)]]);
  const shifted = withShiftedEnds(both, -5);
  expect([...shifted.values()].map(({ untilMs }) => untilMs)).toEqual([null, 995]);
});
