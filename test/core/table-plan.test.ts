import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Family } from '../../src/core/address.ts';
import type { TableGoal } from '../../src/core/table-goal.ts';
import {
  planChange,
  safeRemovals,
  type TableChange,
  type TableEntry,
} from '../../src/core/table-plan.ts';
import { addresses } from '../fakes/config.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
const FD1 = 'fd00::1';
const FD2 = 'fd00::2';
const FOREIGN = '192.0.2.7';

type Removal = TableGoal['removable'] extends ReadonlyMap<string, infer Reason> ? Reason : never;

interface Sets {
  readonly desired?: readonly string[];
  readonly untouched?: readonly string[];
  /** The first to leave first, for being down unless it says otherwise. */
  readonly removable?: readonly (string | readonly [string, Removal])[];
  readonly exclusive?: boolean;
  readonly floor?: Readonly<Partial<Record<Family, number>>>;
}

function goal({
  desired = [],
  untouched = [],
  removable = [A, B, C, FD1, FD2].filter((one) => !desired.includes(one)),
  exclusive = false,
  floor = {},
}: Sets): TableGoal {
  const reasons = removable.map((one) =>
    typeof one === 'string' ? ([one, 'member'] as const) : one,
  );
  return {
    desired: new Set(addresses(...desired)),
    untouched: new Set(addresses(...untouched)),
    removable: new Map(
      reasons.flatMap(([text, reason]) => addresses(text).map((one) => [one, reason] as const)),
    ),
    exclusive,
    floor: new Map(Object.entries(floor) as [Family, number][]),
  };
}

function applied(actual: readonly TableEntry[], change: TableChange): Set<TableEntry> {
  switch (change.kind) {
    case 'none':
      return new Set(actual);
    case 'replace':
      return new Set(change.entries);
    case 'update':
      return new Set([...actual, ...change.add].filter((entry) => !change.remove.includes(entry)));
  }
}

test('what is wanted and not there is added, what is ours and not wanted is removed', () => {
  expect(planChange([A, B, FOREIGN], goal({ desired: [B, C] }))).toEqual({
    kind: 'update',
    add: [C],
    remove: [A],
  });
});

test('nothing to do is none', () => {
  expect(planChange([A, FOREIGN], goal({ desired: [A] })).kind).toBe('none');
  expect(planChange([A], goal({ desired: [A], exclusive: true })).kind).toBe('none');
});

test('networks and negated entries are foreign', () => {
  const actual = [`!${A}`, '10.0.0.0/24', '!192.0.2.0/28'];
  expect(planChange(actual, goal({}))).toEqual({ kind: 'none' });
});

test('untouched addresses stay, ours or not, also in an exclusive table', () => {
  expect(planChange([A, B], goal({ desired: [B], untouched: [A] })).kind).toBe('none');
  expect(planChange([A, FOREIGN], goal({ desired: [B], untouched: [A], exclusive: true }))).toEqual(
    {
      kind: 'replace',
      entries: [B, A],
    },
  );
});

test('an exclusive table is emptied by name, not by replacing it with nothing', () => {
  expect(planChange([A, FOREIGN], goal({ exclusive: true }))).toEqual({
    kind: 'update',
    add: [],
    remove: [A, FOREIGN],
  });
});

describe('while pf keeps refusing an address that is to come', () => {
  test('nothing leaves a family that the table does not serve from its goal', () => {
    expect(safeRemovals([A, FD1, FD2], goal({ desired: [B, FD2] }))).toEqual([FD1]);
  });

  test.each([
    [1, [B, C]],
    [2, [B]],
    [3, []],
  ])('what is to leave stays as far as a floor of %i takes it', (inet, leaving) => {
    const one = goal({ desired: [A, '10.0.0.4', '10.0.0.5'], floor: { inet, inet6: 1 } });
    expect(safeRemovals([A, B, C], one)).toEqual(leaving);
  });

  test('what the operator takes out leaves all the same, where another one of the goal serves', () => {
    const one = goal({
      desired: [A, '10.0.0.4'],
      removable: [[B, 'operator'], C],
      floor: { inet: 2 },
    });
    expect(safeRemovals([A, B, C], one)).toEqual([B]);
    expect(safeRemovals([B, C], one)).toEqual([]);
  });

  const SORRY = '10.0.0.9';
  const LEFT = '10.0.0.8';

  test.each([
    [1, [B, FOREIGN, LEFT, SORRY, C]],
    [2, [B, FOREIGN, LEFT, SORRY]],
    [3, [B, FOREIGN, LEFT]],
    [4, [B, FOREIGN]],
    [5, [B]],
    [9, [B]],
  ])(
    'a floor of %i keeps members, then the fallback, then what only the ledger knows, then what is foreign',
    (inet, leaving) => {
      const one = goal({
        desired: [A, '10.0.0.4'],
        removable: [
          [B, 'operator'],
          [LEFT, 'ledger'],
          [SORRY, 'fallback'],
          [C, 'member'],
        ],
        exclusive: true,
        floor: { inet },
      });
      expect(safeRemovals([A, B, C, LEFT, SORRY, FOREIGN], one)).toEqual(leaving);
    },
  );

  test('of two members the one that was last known good stays', () => {
    const one = goal({ desired: [A, '10.0.0.4'], removable: [C, B], floor: { inet: 2 } });
    expect(safeRemovals([A, B, C], one)).toEqual([C]);
  });

  test('each family has its own floor', () => {
    const one = goal({ desired: [A, B, FD1], floor: { inet: 2, inet6: 1 } });
    expect(safeRemovals([A, C, FD1, FD2], one)).toEqual([FD2]);
  });
});

describe('for any table and goal', () => {
  const hosts = [A, B, C, '10.0.0.4', 'fd00::1', FOREIGN];
  const some = fc.subarray(hosts);
  const entries: fc.Arbitrary<TableEntry[]> = fc.subarray([...hosts, `!${A}`, '10.0.0.0/8']);
  const goals = fc
    .record({ desired: some, removable: some, untouched: some, exclusive: fc.boolean() })
    .map(goal);

  test('applying the plan gives the goal and keeps everything foreign', () => {
    fc.assert(
      fc.property(entries, goals, (actual, one) => {
        const after = applied(actual, planChange(actual, one));
        for (const address of one.desired) expect(after).toContain(address);
        for (const entry of actual) {
          const set = entry as never;
          const isUntouched = one.untouched.has(set);
          const isOurs = one.exclusive || one.removable.has(set);
          expect(after.has(entry)).toBe(one.desired.has(set) || isUntouched || !isOurs);
        }
        for (const entry of after) {
          expect(actual.includes(entry) || one.desired.has(entry as never)).toBe(true);
        }
      }),
    );
  });

  test('a second plan has nothing to do', () => {
    fc.assert(
      fc.property(entries, goals, (actual, one) => {
        const after = applied(actual, planChange(actual, one));
        expect(planChange([...after], one).kind).toBe('none');
      }),
    );
  });

  test('a replace has entries, an update adds or removes some', () => {
    fc.assert(
      fc.property(entries, goals, (actual, one) => {
        const change = planChange(actual, one);
        if (change.kind === 'replace') expect(change.entries.length).toBeGreaterThan(0);
        if (change.kind === 'update') {
          expect(change.add.length + change.remove.length).toBeGreaterThan(0);
          expect(change.add.some((entry) => change.remove.includes(entry))).toBe(false);
        }
      }),
    );
  });

  test('only an exclusive table is replaced', () => {
    fc.assert(
      fc.property(entries, goals, (actual, one) => {
        if (!one.exclusive) expect(planChange(actual, one).kind).not.toBe('replace');
      }),
    );
  });
});
