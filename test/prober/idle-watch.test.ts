import { describe, expect, test } from 'vitest';
import { fail, inconclusive, pass } from '../../src/core/verdict.ts';
import { IdleWatch } from '../../src/prober/idle-watch.ts';
import type { IdleListeners } from '../../src/probes/idle-connection.ts';
import { createFakeClock } from '../fakes/clock.ts';

const RHYTHM = { intervalMs: 1000, fastIntervalMs: 50, downIntervalMs: 1000, timeoutMs: 500 };
const OK = pass('ok');
const DEAD = fail('connect-refused', 'no');

function createWatch(most = 10) {
  const clock = createFakeClock();
  const budget = { most, held: 0 };
  const opened: (IdleListeners & { closed: boolean })[] = [];
  const soon: number[] = [];
  const watch = new IdleWatch(
    {
      clock,
      budget,
      open(listeners) {
        const connection = { ...listeners, closed: false };
        opened.push(connection);
        return {
          close() {
            connection.closed = true;
          },
        };
      },
      probeSoon: (inMs) => soon.push(inMs),
    },
    RHYTHM,
  );
  /** Probes pass at their interval for `forMs`, and the server closes each connection at that age. */
  const passFor = async (forMs: number, serverIdleMs = Number.POSITIVE_INFINITY): Promise<void> => {
    const ages = new Map<(typeof opened)[number], number>();
    for (let ms = 0; ms < forMs; ms += 1000) {
      await clock.advance(1000);
      for (const one of opened.filter(({ closed }) => !closed)) {
        const age = ages.get(one) ?? 0;
        if (age === 0) one.onOpen();
        ages.set(one, age + 1000);
        if (age + 1000 < serverIdleMs) continue;
        one.closed = true;
        one.onEnd();
        for (let i = 0; i < 3; i++) watch.probed(OK);
      }
      watch.probed(OK);
    }
  };
  return { clock, budget, opened, soon, watch, passFor };
}

describe('an idle connection', () => {
  test('is opened after the first pass, and once only', async () => {
    const { watch, opened, budget } = createWatch();
    watch.probed(inconclusive('stalled', ''));
    watch.probed(DEAD);
    expect(opened).toHaveLength(0);
    watch.probed(OK);
    watch.probed(OK);
    expect([opened.length, watch.isHeld, budget.held]).toEqual([1, false, 1]);
    opened[0]?.onOpen();
    expect(watch.isHeld).toBe(true);
  });

  test('that ends has the backend probed at once, and is not a verdict', async () => {
    const { watch, opened, soon, budget } = createWatch();
    watch.probed(OK);
    opened[0]?.onOpen();
    opened[0]?.onEnd();
    expect([soon, watch.isHeld, budget.held]).toEqual([[0], false, 0]);
    watch.probed(DEAD);
    expect(soon).toEqual([0]);
  });

  test('that ends while probes pass has two more of them soon, then is opened again', async () => {
    const { clock, watch, opened, soon } = createWatch();
    watch.probed(OK);
    opened[0]?.onOpen();
    await clock.advance(20_000);
    opened[0]?.onEnd();
    for (let i = 0; i < 3; i++) watch.probed(OK);
    expect(soon).toEqual([0, 1, 50]);
    expect(opened).toHaveLength(1);
    await clock.advance(1000);
    watch.probed(OK);
    expect(opened).toHaveLength(2);
  });

  test('is closed when its backend fails, and opened when it passes', () => {
    const { watch, opened, budget } = createWatch();
    watch.probed(OK);
    opened[0]?.onOpen();
    watch.probed(DEAD);
    expect([opened[0]?.closed, budget.held]).toEqual([true, 0]);
    watch.probed(OK);
    expect(opened).toHaveLength(2);
  });

  test('that never opened is tried again later, and starts no probe', async () => {
    const { clock, watch, opened, soon } = createWatch();
    watch.probed(OK);
    opened[0]?.onEnd();
    watch.probed(OK);
    expect([opened.length, soon]).toEqual([1, []]);
    await clock.advance(30_000);
    watch.probed(OK);
    expect(opened).toHaveLength(2);
  });

  test('is not opened when all watches hold as many as they may', () => {
    const { watch, opened, budget } = createWatch(0);
    watch.probed(OK);
    expect(opened).toHaveLength(0);
    budget.most = 1;
    watch.probed(OK);
    expect(opened).toHaveLength(1);
  });

  test('is closed with its watch, and not opened again', () => {
    const { watch, opened, soon, budget } = createWatch();
    watch.probed(OK);
    watch.close();
    watch.probed(OK);
    expect([opened.length, opened[0]?.closed, soon, budget.held]).toEqual([1, true, [], 0]);
  });
});

describe('a server that closes idle connections', () => {
  test('after a while, finds them renewed before that', async () => {
    const { passFor, opened, soon } = createWatch();
    await passFor(3_600_000, 60_000);
    const lost = soon.filter((inMs) => inMs === 0).length;
    // Without learning, the server would close all 60 of them.
    expect(lost).toBeLessThan(30);
    expect(lost).toBeGreaterThan(1);
    expect(opened.length).toBeLessThan(90);
  });

  test('soon, gets a new one after ever longer pauses', async () => {
    const { passFor, opened } = createWatch();
    await passFor(3_600_000, 2000);
    expect(opened.length).toBeGreaterThan(3);
    expect(opened.length).toBeLessThan(15);
  });

  test('never, has a single one', async () => {
    const { passFor, opened, soon } = createWatch();
    await passFor(3_600_000);
    expect([opened.length, soon]).toEqual([1, []]);
  });
});
