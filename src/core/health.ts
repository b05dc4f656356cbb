import type { Verdict } from './verdict.ts';

export type Health = 'unknown' | 'up' | 'down';

/** One check's counter. `passes` and `failures` are consecutive; one of them is always 0. */
export interface Streak {
  readonly health: Health;
  readonly passes: number;
  readonly failures: number;
}

/** What the tables hold of a backend: all its addresses, none, or neither (also: not read yet). */
export type Held = 'all' | 'none' | 'neither';

export interface CountRule {
  /** Consecutive passes to become up, >= 1. */
  readonly rise: number;
  /** Consecutive failures to become down, >= 1. */
  readonly fall: number;
  /** What the tables hold now; consulted for the first verdict only. */
  readonly held: Held;
}

export const FRESH_STREAK: Streak = { health: 'unknown', passes: 0, failures: 0 };

/**
 * Counts one verdict. A change of health takes `rise` or `fall` consecutive verdicts, but for the
 * first one of all: where it agrees with what the tables hold already it moves nothing, and so it
 * decides at once. `inconclusive` changes nothing.
 */
export function count(streak: Streak, verdict: Verdict, rule: CountRule): Streak {
  if (verdict.kind === 'inconclusive') return streak;
  const { rise, fall, held } = rule;
  const isPass = verdict.kind === 'pass';
  const { passes, failures } = streak;
  const inRow = (isPass ? passes : failures) + 1;
  const agrees = isFirst(streak) && held === (isPass ? 'all' : 'none');
  const decides = agrees || inRow >= (isPass ? rise : fall);
  return {
    health: decides ? (isPass ? 'up' : 'down') : streak.health,
    passes: isPass ? inRow : 0,
    failures: isPass ? 0 : inRow,
  };
}

/** Whether the last verdicts speak against the health, so that probes go at `fast_interval`. */
export function isChanging(streak: Streak): boolean {
  const { health, passes, failures } = streak;
  return health === 'unknown' || (health === 'up' ? failures : passes) > 0;
}

/** A backend's health from its checks'. No check at all leaves it unknown. */
export function combine(require: 'all' | 'any', healths: readonly Health[]): Health {
  const decisive = require === 'all' ? 'down' : 'up';
  if (healths.includes(decisive)) return decisive;
  if (healths.length === 0 || healths.includes('unknown')) return 'unknown';
  return require === 'all' ? 'up' : 'down';
}

function isFirst(streak: Streak): boolean {
  return streak.health === 'unknown' && streak.passes === 0 && streak.failures === 0;
}
