import fc from 'fast-check';
import { expect, test } from 'vitest';
import { DueQueue, NOT_QUEUED, type Queued } from '../../src/scheduler/due-queue.ts';

interface Named extends Queued {
  readonly name: string;
}

function named(name: string): Named {
  return { name, dueMs: 0, index: NOT_QUEUED };
}

const a = named('a');
const b = named('b');

test('returns the earliest, and only when it is due', () => {
  const queue = new DueQueue<Named>();
  queue.set(b, 20);
  queue.set(a, 10);
  expect(queue.nextDueMs()).toBe(10);
  expect(queue.takeAll(9)).toEqual([]);
  expect(queue.takeAll(10)).toEqual([a]);
  expect(a.dueMs).toBe(10);
  expect(queue.takeAll(10)).toEqual([]);
  expect(queue.nextDueMs()).toBe(20);
});

test('an item set again is due at its new time only', () => {
  const queue = new DueQueue<Named>();
  queue.set(a, 10);
  queue.set(a, 30);
  expect(queue.size).toBe(1);
  expect(queue.takeAll(20)).toEqual([]);
  expect(queue.takeAll(30)).toEqual([a]);
  expect(queue.takeAll(99)).toEqual([]);
});

test('a deleted item is not returned', () => {
  const queue = new DueQueue<Named>();
  queue.set(a, 10);
  queue.delete(a);
  queue.delete(b);
  expect(queue.nextDueMs()).toBeNull();
  expect(queue.takeAll(99)).toEqual([]);
});

test('behaves like a sorted array', () => {
  const operation = fc.oneof(
    {
      weight: 5,
      arbitrary: fc.record({
        kind: fc.constant('set' as const),
        item: fc.nat(30),
        dueMs: fc.nat(99),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('delete' as const), item: fc.nat(30) }) },
    { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const), nowMs: fc.nat(120) }) },
  );
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 100, size: 'max' }), (operations) => {
      const queue = new DueQueue<Named>();
      const items = Array.from({ length: 31 }, (_, i) => named(String(i)));
      const itemOf = (i: number): Named => items[i] as Named;
      const model = new Map<number, number>();
      const earliest = (): number | null => (model.size === 0 ? null : Math.min(...model.values()));
      for (const one of operations) {
        if (one.kind === 'set') {
          queue.set(itemOf(one.item), one.dueMs);
          model.set(one.item, one.dueMs);
        } else if (one.kind === 'delete') {
          queue.delete(itemOf(one.item));
          model.delete(one.item);
        } else {
          const taken = queue.takeAll(one.nowMs);
          const due = [...model.values()].filter((ms) => ms <= one.nowMs).sort((x, y) => x - y);
          expect(taken.map(({ dueMs }) => dueMs)).toEqual(due);
          for (const { name, dueMs } of taken) {
            expect(model.get(Number(name))).toBe(dueMs);
            model.delete(Number(name));
          }
        }
        expect(queue.size).toBe(model.size);
        expect(queue.nextDueMs()).toBe(earliest());
      }
    }),
    { numRuns: 300 },
  );
});
