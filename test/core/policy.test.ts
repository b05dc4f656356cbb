import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Address, familyOf } from '../../src/core/address.ts';
import { backendName } from '../../src/core/names.ts';
import {
  type Candidate,
  decidePool,
  type Floor,
  floorBreach,
  type PoolPolicy,
  type Wish,
} from '../../src/core/policy.ts';
import { addresses } from '../fakes/config.ts';

const IN: Wish = { kind: 'in' };
const KEEP: Wish = { kind: 'keep' };
const LEAVE: Wish = { kind: 'leave', held: [] };
const DOWN: Wish = { kind: 'out', by: 'health' };
const DRAIN: Wish = { kind: 'out', by: 'drain' };
const MAINT: Wish = { kind: 'out', by: 'maint' };

const [A = '', B = '', C = '', A6 = '', B6 = ''] = [
  '10.0.0.1',
  '10.0.0.2',
  '10.0.0.3',
  'fd00::1',
  'fd00::2',
];
const SORRY = '10.0.0.99';

function member(name: string, wish: Wish, texts: string | string[], lastGoodMs = 0): Candidate {
  return { backend: backendName(name), addresses: addresses(...[texts].flat()), wish, lastGoodMs };
}

function policy(floor: number | `${number}%`, ...fallback: string[]): PoolPolicy {
  return { floor: floorOf(floor), fallback: addresses(...fallback) };
}

function floorOf(floor: number | `${number}%`): Floor {
  return typeof floor === 'number'
    ? { kind: 'count', count: floor }
    : { kind: 'percent', percent: Number.parseInt(floor, 10) };
}

function set(...texts: string[]): ReadonlySet<Address> {
  return new Set(addresses(...texts));
}

describe('wishes', () => {
  const none = policy(0);

  test('in is in, out is out', () => {
    const members = [member('a', IN, A), member('b', DOWN, B), member('c', DRAIN, C)];
    expect(decidePool(none, members, set(A, B, C)).desired).toEqual(set(A));
  });

  test('keep keeps what was in, and brings nothing in', () => {
    const members = [member('a', KEEP, A), member('b', KEEP, B)];
    expect(decidePool(none, members, set(A)).desired).toEqual(set(A));
  });

  test('leave is untouched: neither wanted nor taken', () => {
    const outcome = decidePool(none, [member('a', LEAVE, A), member('b', IN, B)], set(A, B));
    expect(outcome.desired).toEqual(set(B));
    expect(outcome.untouched).toEqual(set(A));
  });
});

describe('the floor', () => {
  test('holds the last known good members, and says which', () => {
    const members = [member('a', DOWN, A, 1), member('b', DOWN, B, 3), member('c', DOWN, C, 2)];
    const outcome = decidePool(policy(2), members, set(A, B, C));
    expect(outcome.desired).toEqual(set(B, C));
    expect([...outcome.heldByFloor]).toEqual([
      ['b', [B]],
      ['c', [C]],
    ]);
  });

  test('goes by name among those that were never good', () => {
    const never = Number.NEGATIVE_INFINITY;
    const members = [member('b', DOWN, B, never), member('a', DOWN, A, never)];
    expect(decidePool(policy(1), members, set(A, B)).desired).toEqual(set(A));
  });

  test('lets the held ones go when others recover', () => {
    const members = [member('a', DOWN, A, 9), member('b', IN, B), member('c', IN, C)];
    const outcome = decidePool(policy(2), members, set(A));
    expect(outcome.desired).toEqual(set(B, C));
    expect(outcome.heldByFloor.size).toBe(0);
  });

  test('counts each address family for itself', () => {
    const members = [member('a', IN, A), member('b', DOWN, [B, B6])];
    const outcome = decidePool(policy(1), members, set(A, B, B6));
    expect(outcome.desired).toEqual(set(A, B6));
    expect(outcome.heldByFloor).toEqual(new Map([['b', addresses(B6)]]));
  });

  test('brings nothing back that is out already', () => {
    expect(decidePool(policy(2), [member('a', DOWN, A)], set()).desired).toEqual(set());
  });

  test('does not hold what the operator takes out', () => {
    const members = [member('a', DRAIN, A), member('b', MAINT, B), member('c', DOWN, C)];
    expect(decidePool(policy(3), members, set(A, B, C)).desired).toEqual(set(C));
  });

  test.each<[`${number}%`, number]>([
    ['0%', 0],
    ['1%', 1],
    ['50%', 2],
    ['67%', 3],
    ['100%', 3],
  ])('of %s of three is %d, rounded up', (percent, left) => {
    const members = [A, B, C].map((one, i) => member(`m${i}`, DOWN, one));
    expect(decidePool(policy(percent), members, set(A, B, C)).desired).toHaveLength(left);
  });

  test('greater than the pool holds the whole pool', () => {
    const members = [member('a', DOWN, A), member('b', DOWN, B)];
    expect(decidePool(policy(9), members, set(A, B)).desired).toEqual(set(A, B));
  });

  test.each<[string, Floor, number]>([
    ['what it asks for', { kind: 'count', count: 2 }, 2],
    ['no more than serve', { kind: 'count', count: 4 }, 3],
    ['nothing where it is 0', { kind: 'count', count: 0 }, 0],
    ['its share of all that are configured', { kind: 'percent', percent: 50 }, 2],
  ])('takes of those that serve %s', (_, floor, atLeast) => {
    const up = [member('a', IN, A), member('b', IN, B), member('c', IN, C)];
    const all = [...up, member('d', DRAIN, '10.0.0.4')];
    expect(decidePool({ floor, fallback: [] }, all, set()).floor.get('inet')).toBe(atLeast);
  });

  test('counts what serves with mode = "off", and takes the less of the others', () => {
    const off: Wish = { kind: 'leave', held: addresses(B, C) };
    const all = [member('a', IN, A), member('b', off, [B, C])];
    expect(decidePool(policy(2), all, set()).floor.get('inet')).toBe(0);
    expect(decidePool(policy(3), all, set()).floor.get('inet')).toBe(1);
  });

  test('of 0 empties the pool', () => {
    expect(decidePool(policy(0), [member('a', DOWN, A)], set(A)).desired).toEqual(set());
  });
});

describe('what must leave', () => {
  const members = [
    member('a', IN, A),
    member('b', DOWN, B, 1),
    member('c', KEEP, C, 2),
    member('d', MAINT, '10.0.0.4', 3),
    member('e', LEAVE, '10.0.0.5'),
    member('f', { kind: 'out', by: 'backend' }, '10.0.0.6', 4),
  ];

  test('is what the operator took out, then the fallback, then members, the last known good last', () => {
    const { removable } = decidePool(policy(0, SORRY), members, set(A, B));
    expect([...removable]).toEqual([
      ['10.0.0.4', 'operator'],
      [SORRY, 'fallback'],
      [B, 'member'],
      [C, 'member'],
      ['10.0.0.6', 'member'],
    ]);
  });

  test('is nothing that is in service, also where only the floor holds it there', () => {
    const { desired, removable } = decidePool(policy(3, SORRY), members, set(A, B, C));
    expect(desired).toEqual(set(A, B, C));
    expect([...removable.keys()]).toEqual(['10.0.0.4', SORRY, '10.0.0.6']);
  });
});

describe('the fallback', () => {
  test('serves when nothing else does, and only then', () => {
    const down = decidePool(policy(0, SORRY), [member('a', DOWN, A)], set(A));
    expect(down).toMatchObject({ desired: set(SORRY), fallbackInUse: true });
    const up = decidePool(policy(0, SORRY), [member('a', IN, A)], set(SORRY));
    expect(up).toMatchObject({ desired: set(A), fallbackInUse: false });
  });

  test('serves for a pool that the operator has emptied', () => {
    const outcome = decidePool(policy(0, SORRY), [member('a', MAINT, A)], set(A));
    expect(outcome.desired).toEqual(set(SORRY));
  });

  test('counts for the floor of its family', () => {
    const members = [member('a', DOWN, [A, A6])];
    const outcome = decidePool(policy(1, SORRY), members, set(A, A6));
    expect(outcome.desired).toEqual(set(SORRY, A6));
  });

  test('that serves does not leave for a member without evidence', () => {
    const members = [member('a', KEEP, A)];
    const outcome = decidePool(policy(0, SORRY), members, set(A, SORRY));
    expect(outcome).toMatchObject({ desired: set(A, SORRY), fallbackInUse: true });
    expect(decidePool(policy(0, SORRY), members, set(A)).desired).toEqual(set(A));
  });

  test('that serves leaves when the table holds a member with mode = "off"', () => {
    const off: Wish = { kind: 'leave', held: addresses(A) };
    const outcome = decidePool(policy(0, SORRY), [member('a', off, A)], set(SORRY));
    expect(outcome).toMatchObject({ desired: set(), fallbackInUse: false });
  });

  test('stays out while the table holds a member with mode = "off", and only then', () => {
    const held: Wish = { kind: 'leave', held: addresses(A) };
    const outcome = decidePool(policy(0, SORRY), [member('a', held, A)], set());
    expect(outcome).toMatchObject({ desired: set(), fallbackInUse: false });
    const alone = decidePool(policy(0, SORRY), [member('a', LEAVE, A)], set());
    expect(alone).toMatchObject({ desired: set(SORRY), fallbackInUse: true });
  });
});

describe('for any pool', () => {
  const wish = fc.constantFrom(IN, KEEP, LEAVE, DOWN, DOWN, DRAIN, MAINT);
  const members = fc
    .array(fc.tuple(wish, fc.boolean(), fc.boolean(), fc.nat({ max: 9 })), { maxLength: 6 })
    .map((all) =>
      all.map(([one, inet, inet6, lastGoodMs], i) => {
        const texts = [inet ? [`10.0.0.${i}`] : [], inet6 ? [`fd00::${i + 1}`] : []].flat();
        return member(`m${i}`, one, texts, lastGoodMs);
      }),
    );
  const floor: fc.Arbitrary<Floor> = fc.oneof(
    fc.record({ kind: fc.constant('count' as const), count: fc.nat({ max: 5 }) }),
    fc.record({ kind: fc.constant('percent' as const), percent: fc.nat({ max: 100 }) }),
  );
  const bits = fc.nat({ max: 0xfff });
  const previousOf = (all: readonly Candidate[], held: number): ReadonlySet<Address> =>
    new Set(all.flatMap((one) => one.addresses).filter((_, i) => (held >> i) & 1));

  test('health alone never takes a family below its floor', () => {
    fc.assert(
      fc.property(members, floor, bits, (all, one, held) => {
        const managed = all.filter(({ wish: { kind } }) => kind !== 'leave');
        const byHealth = managed.map(
          (each): Candidate => (each.wish.kind === 'out' ? { ...each, wish: DOWN } : each),
        );
        const previous = previousOf(byHealth, held);
        const { desired } = decidePool({ floor: one, fallback: [] }, byHealth, previous);
        for (const family of ['inet', 'inet6'] as const) {
          const of = (list: Iterable<Address>) => [...list].filter((a) => familyOf(a) === family);
          const configured = of(byHealth.flatMap((each) => each.addresses)).length;
          const least =
            one.kind === 'count'
              ? Math.min(one.count, configured)
              : Math.ceil((configured * one.percent) / 100);
          expect(of(desired).length).toBeGreaterThanOrEqual(Math.min(least, of(previous).length));
        }
      }),
    );
  });

  test('deciding again from the outcome gives the outcome', () => {
    fc.assert(
      fc.property(members, floor, bits, fc.boolean(), (all, one, held, hasFallback) => {
        const rules = { floor: one, fallback: hasFallback ? addresses(SORRY) : [] };
        const first = decidePool(rules, all, previousOf(all, held));
        const second = decidePool(rules, all, new Set(first.desired));
        expect(second).toEqual(first);
      }),
    );
  });

  test('each address is wanted, untouched or removable, one of them, and nothing comes from nowhere', () => {
    fc.assert(
      fc.property(members, floor, bits, (all, one, held) => {
        const { desired, untouched, removable } = decidePool(
          { floor: one, fallback: [] },
          all,
          previousOf(all, held),
        );
        const configured = new Set(all.flatMap((each) => each.addresses));
        for (const each of configured) {
          const sets = [desired, untouched, removable].filter((some) => some.has(each));
          expect(sets).toHaveLength(1);
        }
        expect(desired.size + untouched.size + removable.size).toBe(configured.size);
      }),
    );
  });
});

describe('a breach', () => {
  const rules = policy(1);

  test('is a step that leaves less than the floor and less than before', () => {
    const members = [member('a', DRAIN, A), member('b', DRAIN, B)];
    const before = decidePool(rules, [member('a', IN, A), member('b', IN, B)], set(A, B));
    const after = decidePool(rules, members, set(A, B));
    expect(floorBreach(rules, members, before, after, set(A, B))).toEqual({
      family: 'inet',
      left: 0,
      floor: 1,
    });
  });

  test('is none where it was below the floor before already', () => {
    const members = [member('a', DRAIN, A)];
    const nothing = decidePool(rules, members, set());
    expect(floorBreach(rules, members, nothing, nothing, set())).toBeNull();
  });

  test('is none where a member with mode = "off" is in the table', () => {
    const off = member('b', { kind: 'leave', held: addresses(B) }, B);
    const drained = [member('a', DRAIN, A), off];
    const before = decidePool(rules, [member('a', IN, A), off], set(A));
    const held = set(A, B);
    const one = decidePool(rules, drained, set(A));
    expect(floorBreach(rules, drained, before, one, held)).toBeNull();
    const neither = [member('a', DRAIN, A), member('b', DRAIN, B)];
    const after = decidePool(rules, neither, set(A));
    expect(floorBreach(rules, neither, before, after, held)).toMatchObject({ left: 0 });
  });

  test('is one where pf does not hold what would be left', () => {
    const drained = [member('a', DRAIN, A), member('b', IN, B)];
    const before = decidePool(rules, [member('a', IN, A), member('b', IN, B)], set(A, B));
    const after = decidePool(rules, drained, set(A, B));
    expect(floorBreach(rules, drained, before, after, set(A))).toMatchObject({ left: 0 });
    expect(floorBreach(rules, drained, before, after, set(A, B))).toBeNull();
  });

  test('is one where only a failed member is left, which pf has not let go or the floor keeps', () => {
    const drained = [member('a', DRAIN, A), member('b', DOWN, B)];
    const before = decidePool(rules, [member('a', IN, A), member('b', DOWN, B)], set(A), set(A, B));
    const after = decidePool(rules, drained, set(A), set(A, B));
    expect([...after.desired]).toEqual([B]);
    expect(floorBreach(rules, drained, before, after, set(A, B))).toEqual({
      family: 'inet',
      left: 0,
      floor: 1,
    });
  });

  test('is none where what is left has no evidence yet', () => {
    const drained = [member('a', DRAIN, A), member('b', KEEP, B)];
    const before = decidePool(rules, [member('a', IN, A), member('b', KEEP, B)], set(A, B));
    const after = decidePool(rules, drained, set(A, B));
    expect(floorBreach(rules, drained, before, after, set(A, B))).toBeNull();
  });

  test('is none for a member that is out, while pf does not hold all that it should', () => {
    const drained = [member('a', IN, A), member('b', DRAIN, B)];
    const before = decidePool(policy(2), [member('a', IN, A), member('b', DOWN, B)], set(A));
    const after = decidePool(policy(2), drained, set(A));
    expect(floorBreach(policy(2), drained, before, after, set())).toBeNull();
  });

  test('is none where the fallback comes in', () => {
    const sorry = policy(1, SORRY);
    const drained = [member('a', DRAIN, A)];
    const before = decidePool(sorry, [member('a', IN, A)], set(A));
    const after = decidePool(sorry, drained, set(A));
    expect(floorBreach(sorry, drained, before, after, set(A))).toBeNull();
  });

  test('of IPv6 alone is one', () => {
    const up = [member('a', IN, [A, A6]), member('b', IN, B)];
    const drained = [member('a', DRAIN, [A, A6]), member('b', IN, B)];
    const previous = set(A, A6, B);
    const breach = floorBreach(
      rules,
      drained,
      decidePool(rules, up, previous),
      decidePool(rules, drained, previous),
      previous,
    );
    expect(breach).toEqual({ family: 'inet6', left: 0, floor: 1 });
  });
});
