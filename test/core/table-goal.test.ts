import { describe, expect, test } from 'vitest';
import type { LeaveReason, PoolGoal } from '../../src/core/policy.ts';
import { emptying, sameGoal, tableGoalOf } from '../../src/core/table-goal.ts';
import { addresses } from '../fakes/config.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
const LEFT = '10.0.0.8';
const FD = 'fd00::8';
const NONE: ReadonlySet<never> = new Set();

function poolGoal(goal: Partial<PoolGoal> = {}): PoolGoal {
  const reasons: readonly (readonly [string, LeaveReason])[] = [
    [B, 'operator'],
    [C, 'member'],
  ];
  return {
    desired: new Set(addresses(A)),
    untouched: new Set(),
    removable: new Map(
      reasons.flatMap(([text, reason]) => addresses(text).map((one) => [one, reason] as const)),
    ),
    floor: new Map([['inet', 1]]),
    short: new Set(),
    ...goal,
  };
}

describe("the goal of a pool's table", () => {
  test('takes out what only the ledger knows after the removals of the operator, before the others', () => {
    const table = { exclusive: false, ledgerOnly: addresses(LEFT), staying: NONE };
    expect([...tableGoalOf(poolGoal(), table).removable]).toEqual([
      [B, 'operator'],
      [LEFT, 'ledger'],
      [C, 'member'],
    ]);
  });

  test('leaves as it is what stays until it is seen in the table that it moves to', () => {
    const staying = new Set(addresses(LEFT));
    const table = { exclusive: true, ledgerOnly: addresses(LEFT, '10.0.0.9'), staying };
    const goal = tableGoalOf(poolGoal({ untouched: new Set(addresses('10.0.0.7')) }), table);
    expect(goal.untouched).toEqual(new Set(['10.0.0.7', LEFT]));
    expect([...goal.removable.keys()]).toEqual([B, '10.0.0.9', C]);
  });

  test('leaves as it is only what is in its ledger', () => {
    const table = { exclusive: true, ledgerOnly: [], staying: new Set(addresses(LEFT)) };
    expect(tableGoalOf(poolGoal(), table).untouched).toEqual(new Set());
  });

  test('keeps what left the configuration, in a family in which too few members serve', () => {
    const table = { exclusive: false, ledgerOnly: addresses(LEFT, FD), staying: NONE };
    const { removable } = tableGoalOf(poolGoal({ short: new Set(['inet6']) }), table);
    expect([...removable.keys()]).toEqual([B, LEFT, C]);
  });

  test('is not exclusive as long as too few members serve', () => {
    const table = { exclusive: true, ledgerOnly: [], staying: NONE };
    expect(tableGoalOf(poolGoal(), table).exclusive).toBe(true);
    expect(tableGoalOf(poolGoal({ short: new Set(['inet']) }), table).exclusive).toBe(false);
  });
});

describe('two goals', () => {
  const goal = emptying(addresses(A, B));

  test('are the same when nothing in them differs', () => {
    expect(sameGoal(goal, emptying(addresses(A, B)))).toBe(true);
  });

  test.each([
    ['what is desired', { desired: new Set(addresses(C)) }],
    ['what is untouched', { untouched: new Set(addresses(C)) }],
    ['what may leave', { removable: new Map() }],
    ['the order in which it leaves', { removable: new Map([...goal.removable].reverse()) }],
    [
      'why it leaves',
      { removable: new Map([...goal.removable.keys()].map((one) => [one, 'operator'] as const)) },
    ],
    ['whether the table is exclusive', { exclusive: true }],
    ['the floor', { floor: new Map([['inet6', 1]] as const) }],
  ])('differ by %s', (_, change) => {
    expect(sameGoal(goal, { ...goal, ...change })).toBe(false);
  });
});
