import type { Verdict } from './verdict.ts';

export type Health = 'unknown' | 'up' | 'down';

/** The counter of one check. `passes` and `failures` are consecutive, and one of them is always 0. */
export interface Streak {
  readonly health: Health;
  readonly passes: number;
  readonly failures: number;
}

/** What the tables hold of a backend: all its addresses, none, or neither (also when not read yet). */
export type Held = 'all' | 'none' | 'neither';

export interface CountRule {
  /** Consecutive passes to become up, >= 1. */
  readonly rise: number;
  /** Consecutive failures to become down, >= 1. */
  readonly fall: number;
  /** What the tables hold now. Only the first verdict needs it. */
  readonly held: Held;
}

export const FRESH_STREAK: Streak = { health: 'unknown', passes: 0, failures: 0 };

/**
 * Counts one verdict. A change of health takes `rise` or `fall` consecutive verdicts. The first verdict
 * of all decides alone where it agrees with what the tables hold, since then it changes no table.
 * `inconclusive` changes nothing.
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

/** Whether the last verdicts contradict the health, so that probes come at `fast_interval`. */
export function isChanging(streak: Streak): boolean {
  const { health, passes, failures } = streak;
  return health === 'unknown' || (health === 'up' ? failures : passes) > 0;
}

/** The health of a backend from that of its checks. It is unknown without checks. */
export function combine(require: 'all' | 'any', healths: readonly Health[]): Health {
  const decisive = require === 'all' ? 'down' : 'up';
  if (healths.includes(decisive)) return decisive;
  if (healths.length === 0 || healths.includes('unknown')) return 'unknown';
  return require === 'all' ? 'up' : 'down';
}

function isFirst(streak: Streak): boolean {
  return streak.health === 'unknown' && streak.passes === 0 && streak.failures === 0;
}
