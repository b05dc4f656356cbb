import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  combine,
  count,
  FRESH_STREAK,
  type Health,
  type Held,
  isChanging,
  type Streak,
} from '../../src/core/health.ts';
import { fail, inconclusive, pass, type Verdict } from '../../src/core/verdict.ts';

const VERDICTS: Readonly<Record<string, Verdict>> = {
  p: pass('connected'),
  f: fail('connect-refused', 'connection refused'),
  i: inconclusive('stalled', 'hfmd was paused'),
};

interface Rule {
  readonly rise?: number;
  readonly fall?: number;
  readonly held?: Held;
}

/** The streaks after each of the verdicts: p passes, f fails, i is inconclusive. */
function streaks(verdicts: string, { rise = 2, fall = 3, held = 'neither' }: Rule = {}): Streak[] {
  let streak = FRESH_STREAK;
  return [...verdicts].map((letter) => {
    const verdict = VERDICTS[letter];
    if (verdict === undefined) throw new Error(`a test wrote the verdict ${letter}`);
    streak = count(streak, verdict, { rise, fall, held });
    return streak;
  });
}

/** u up, d down, - unknown. */
function healths(verdicts: string, rule?: Rule): string {
  return streaks(verdicts, rule)
    .map(({ health }) => ({ up: 'u', down: 'd', unknown: '-' })[health])
    .join('');
}

describe('rise and fall', () => {
  test.each<[string, string, Rule]>([
    ['pp', '-u', {}],
    ['fff', '--d', {}],
    ['ppfff', '-uuud', {}],
    ['ppffpfff', '-uuuuuud', {}],
    ['fffpfpp', '--ddddu', {}],
    ['p', 'u', { rise: 1 }],
    ['pf', 'ud', { rise: 1, fall: 1 }],
    ['fpfpfp', '------', {}],
  ])('%s gives %s', (verdicts, expected, rule) => {
    expect(healths(verdicts, rule)).toBe(expected);
  });

  test('inconclusive neither breaks nor starts a streak', () => {
    expect(healths('ipip', {})).toBe('---u');
    expect(healths('ppfifif', {})).toBe('-uuuuud');
    expect(healths('iiii', { held: 'none' })).toBe('----');
  });
});

describe('the first verdict', () => {
  test('decides at once if it agrees with the tables', () => {
    expect(healths('p', { held: 'all' })).toBe('u');
    expect(healths('f', { held: 'none' })).toBe('d');
  });

  test('counts as usual if it contradicts them, or if they hold a part', () => {
    expect(healths('fff', { held: 'all' })).toBe('--d');
    expect(healths('pp', { held: 'none' })).toBe('-u');
    expect(healths('pp', { held: 'neither' })).toBe('-u');
  });

  test('is the first conclusive one, and no later one', () => {
    expect(healths('iip', { held: 'all' })).toBe('--u');
    expect(healths('fp', { held: 'all' })).toBe('--');
    expect(healths('pf', { held: 'none' })).toBe('--');
  });
});

describe('for any verdicts', () => {
  const letters = fc
    .array(fc.constantFrom('p', 'f', 'i'), { maxLength: 40 })
    .map((a) => a.join(''));
  const rule = fc.record({
    rise: fc.integer({ min: 1, max: 5 }),
    fall: fc.integer({ min: 1, max: 5 }),
    held: fc.constantFrom<Held>('all', 'none', 'neither'),
  });

  test('a change of health takes rise or fall consecutive verdicts, except at the first', () => {
    fc.assert(
      fc.property(letters, rule, (verdicts, { rise, fall, held }) => {
        const all = streaks(verdicts, { rise, fall, held });
        let before: Health = 'unknown';
        for (const [i, { health }] of all.entries()) {
          if (health === before) continue;
          const told = verdicts.slice(0, i + 1).replaceAll('i', '');
          const isFirst = told.length === 1 && held === (health === 'up' ? 'all' : 'none');
          const needed = health === 'up' ? 'p'.repeat(rise) : 'f'.repeat(fall);
          expect(isFirst || told.endsWith(needed)).toBe(true);
          before = health;
        }
      }),
    );
  });

  test('rise consecutive passes mean up, fall consecutive failures mean down', () => {
    fc.assert(
      fc.property(letters, rule, (verdicts, { rise, fall, held }) => {
        const up = streaks(verdicts + 'p'.repeat(rise), { rise, fall, held }).at(-1);
        const down = streaks(verdicts + 'f'.repeat(fall), { rise, fall, held }).at(-1);
        expect([up?.health, down?.health]).toEqual(['up', 'down']);
      }),
    );
  });

  test('inconclusive ones make no difference', () => {
    fc.assert(
      fc.property(letters, rule, (verdicts, one) => {
        const without = streaks(verdicts.replaceAll('i', ''), one).at(-1) ?? FRESH_STREAK;
        expect(streaks(verdicts, one).at(-1) ?? FRESH_STREAK).toEqual(without);
      }),
    );
  });

  test('one of passes and failures is 0', () => {
    fc.assert(
      fc.property(letters, rule, (verdicts, one) => {
        for (const { passes, failures } of streaks(verdicts, one)) {
          expect(passes * failures).toBe(0);
        }
      }),
    );
  });
});

test.each<[string, boolean]>([
  ['', true],
  ['p', true],
  ['pp', false],
  ['ppf', true],
  ['ppfp', false],
  ['fff', false],
  ['fffp', true],
])('after "%s" a change is being confirmed: %s', (verdicts, expected) => {
  expect(isChanging(streaks(verdicts).at(-1) ?? FRESH_STREAK)).toBe(expected);
});

describe('combine', () => {
  const UP: Health = 'up';
  const DOWN: Health = 'down';
  const UNKNOWN: Health = 'unknown';
  test.each<['all' | 'any', Health[], Health]>([
    ['all', [UP, UP], UP],
    ['all', [UP, DOWN], DOWN],
    ['all', [UP, UNKNOWN], UNKNOWN],
    ['all', [DOWN, UNKNOWN], DOWN],
    ['all', [], UNKNOWN],
    ['any', [DOWN, DOWN], DOWN],
    ['any', [UP, DOWN], UP],
    ['any', [UP, UNKNOWN], UP],
    ['any', [DOWN, UNKNOWN], UNKNOWN],
    ['any', [], UNKNOWN],
  ])('%s of %j is %s', (require, healths, expected) => {
    expect(combine(require, healths)).toBe(expected);
  });
});
