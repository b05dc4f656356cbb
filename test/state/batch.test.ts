import { describe, expect, test } from 'vitest';
import type { Health } from '../../src/core/health.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import { poolsOf } from '../../src/state/backend.ts';
import { Batch } from '../../src/state/batch.ts';
import { carryOver } from '../../src/state/carry-over.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { A, B, C, MAINT } from './read-tables.ts';

interface Bench {
  readonly clock: FakeClock;
  readonly batch: Batch;
  /** What was decided: the pools, and how many ms after `began`. */
  readonly decided: (readonly [atMs: number, pools: readonly string[]])[];
  /** Measures from now on. */
  began(): void;
  /** These backends have this health now, and their pools are in the batch. */
  change(names: readonly string[], health?: Health): void;
  maint(name: string): void;
}

/** A batch over backends that have been `health` for long. */
function bench(configuration: ReturnType<typeof config>, health: Health = 'up'): Bench {
  const clock = createFakeClock();
  const view = carryOver(null, configuration, { wallMs: 0, monotonicMs: clock.monotonicMs() });
  for (const one of view.backends.values()) one.health = health;
  clock.stall(60_000);
  const decided: [number, readonly string[]][] = [];
  let beganMs = clock.monotonicMs();
  const batch = new Batch({
    clock,
    view,
    decide: (pools) => void decided.push([clock.monotonicMs() - beganMs, pools]),
  });
  return {
    clock,
    batch,
    decided,
    began() {
      beganMs = clock.monotonicMs();
    },
    change(names, to = 'down') {
      for (const name of names) {
        const one = view.backends.get(backendName(name));
        if (one === undefined) throw new Error(`no backend ${name}`);
        one.health = to;
        one.sinceMonotonicMs = clock.monotonicMs();
        batch.add(poolsOf(one));
      }
    },
    maint(name) {
      view.overrides = new Map([[name, MAINT]]);
    },
  };
}

const THREE = config(
  [pool('web')],
  [backend('a', { web: A }), backend('b', { web: B }), backend('c', { web: C })],
);

const NAMES = Array.from({ length: 200 }, (_, i) => `n${i}`);

/** One pool of so many members, n0 to n199 at most. */
function many(count: number): ReturnType<typeof config> {
  const members = NAMES.slice(0, count).map((name, i) => backend(name, { web: `10.1.0.${i}` }));
  return config([pool('web')], members);
}

describe('the window', () => {
  test('a batch ends 2 ms after its last change', async () => {
    const { clock, decided, change } = bench(THREE);
    change(['a']);
    await clock.advance(1);
    change(['b']);
    await clock.advance(1);
    expect(decided).toEqual([]);
    await clock.advance(1);
    expect(decided).toEqual([[3, ['web']]]);
  });

  test('is no wider for three changes, and 1 ms wider for four', async () => {
    const three = bench(many(20));
    three.change(NAMES.slice(0, 3));
    await three.clock.advance(100);
    expect(three.decided).toEqual([[2, ['web']]]);
    const four = bench(many(20));
    four.change(NAMES.slice(0, 4));
    await four.clock.advance(100);
    expect(four.decided).toEqual([[3, ['web']]]);
  });

  test('is 1 ms wider per 4 changes, at most 16 ms', async () => {
    const { clock, decided, began, change } = bench(many(120));
    change(NAMES.slice(0, 12));
    await clock.advance(4);
    change(NAMES.slice(12, 100));
    await clock.advance(17);
    change(NAMES.slice(100, 110));
    await clock.advance(17);
    expect(decided).toEqual([]);
    await clock.advance(1);
    expect(decided).toEqual([[39, ['web']]]);
    began();
    change(NAMES.slice(110, 112));
    await clock.advance(2);
    expect(decided.slice(1)).toEqual([[2, ['web']]]);
  });

  test('is not wider while the remaining member can not change', async () => {
    const { clock, decided, began, change, maint } = bench(many(100));
    maint('n0');
    change(['n0'], 'unknown');
    change(['n1']);
    await clock.advance(1000);
    const before = decided.length;
    began();
    change(NAMES.slice(2, 100));
    await clock.advance(2);
    expect(decided.slice(before)).toEqual([[2, ['web']]]);
  });

  test('is wider while a member has no verdict yet', async () => {
    const { clock, decided, change } = bench(many(100), 'unknown');
    change(NAMES.slice(0, 99), 'up');
    await clock.advance(10);
    change(NAMES.slice(99, 100), 'up');
    await clock.advance(0);
    expect(decided).toEqual([[10, ['web']]]);
  });

  test.for([
    ['the loop was busy', { stalledMs: 0, readMs: 2 }],
    ['the loop was paused', { stalledMs: 30, readMs: 30 }],
  ] as const)(
    'a change that can be read by its end belongs to it, where %s',
    async ([, { stalledMs, readMs }]) => {
      const { clock, decided, change } = bench(THREE);
      change(['a']);
      // Due with the end of the window, and behind it: the loop runs timers before reads.
      clock.after(readMs, () => change(['b']));
      clock.stall(stalledMs);
      await clock.advance(10);
      expect(decided).toEqual([[readMs + 2, ['web']]]);
    },
  );

  test('a timer that is early by less than a millisecond ends it all the same', async () => {
    const clock = createFakeClock({ earlyMs: 0.9 });
    const view = carryOver(null, THREE, { wallMs: 0, monotonicMs: 0 });
    const decided: unknown[] = [];
    const batch = new Batch({ clock, view, decide: (pools) => void decided.push(pools) });
    batch.add([poolName('web')]);
    await clock.advance(1.2);
    expect(decided).toEqual([['web']]);
  });
});

describe('the end', () => {
  test('comes at once when every member of each pool has changed', async () => {
    const both = config(
      [pool('web'), pool('mail')],
      [backend('a', { web: A, mail: A }), backend('b', { web: B }), backend('c', { mail: C })],
    );
    const { clock, decided, began, change } = bench(both);
    change(['a', 'b']);
    await clock.advance(0);
    // One member of the other pool has not changed.
    expect(decided).toEqual([]);
    change(['c']);
    await clock.advance(0);
    expect(decided).toEqual([[0, ['web', 'mail']]]);
    await clock.advance(1000);
    began();
    change(['a', 'c', 'b'], 'up');
    await clock.advance(0);
    expect(decided.slice(1)).toEqual([[0, ['web', 'mail']]]);
  });

  test('comes at most 100 ms after the first change, and the next batch has 100 ms again', async () => {
    const { clock, decided, began, change } = bench(many(200));
    const changeEach = async (names: readonly string[]): Promise<void> => {
      for (const name of names) {
        change([name]);
        await clock.advance(1);
      }
    };
    await changeEach(NAMES.slice(0, 60));
    expect(decided).toEqual([]);
    await clock.advance(20);
    // The last change was at 59 ms; 60 changes widen the window by 15 ms.
    expect(decided).toEqual([[76, ['web']]]);
    began();
    await changeEach(NAMES.slice(60, 199));
    expect(decided.slice(1)).toEqual([[100, ['web']]]);
    await clock.advance(100);
    expect(decided).toHaveLength(3);
  });
});

describe('flush', () => {
  test('decides now, and not again at the end of the window', async () => {
    const { clock, batch, decided, change } = bench(THREE);
    change(['a']);
    batch.flush();
    expect(decided).toEqual([[0, ['web']]]);
    await clock.advance(1000);
    expect(decided).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  test('decides nothing where nothing has changed', () => {
    const { batch, decided } = bench(THREE);
    batch.flush();
    expect(decided).toEqual([]);
  });
});

describe('stop', () => {
  test('nothing is decided once the batch has stopped, not even what has changed before', async () => {
    const { clock, batch, decided, change } = bench(THREE);
    change(['a', 'b', 'c']);
    batch.stop();
    await clock.advance(1000);
    expect(decided).toEqual([]);
    expect(clock.pending).toBe(0);
  });

  test('nothing is decided where the window was open already', async () => {
    const { clock, batch, decided, change } = bench(THREE);
    change(['a']);
    await clock.advance(1);
    batch.stop();
    await clock.advance(1000);
    expect(decided).toEqual([]);
  });
});
