import { describe, expect, test, vi } from 'vitest';
import { poolName } from '../../src/core/names.ts';
import type { TableGoal } from '../../src/core/table-goal.ts';
import type { TableEntry } from '../../src/core/table-plan.ts';
import type { PfErrorKind } from '../../src/pf/driver.ts';
import type { TableView } from '../../src/tables/table-view.ts';
import { createTableWorker } from '../../src/tables/table-worker.ts';
import { createFakeClock, settle } from '../fakes/clock.ts';
import { addresses } from '../fakes/config.ts';
import { recordEvents } from '../fakes/events.ts';
import { createFakePf } from '../fakes/pf.ts';

const RESYNC_MS = 5000;
const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
const FOREIGN = '192.0.2.7';

/** A worker for table `web`, which holds `holds` (null: there is none), with A, B and C for its own. */
function workerFor(
  holds: readonly TableEntry[] | null,
  { create = false, resyncMs = RESYNC_MS } = {},
) {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  const events = recordEvents();
  const views: TableView[] = [];
  const removals: string[][] = [];
  let healed = 0;
  if (holds !== null) pf.put('web', holds);
  const worker = createTableWorker(
    {
      driver: pf,
      clock,
      emit: events.emit,
      onView: ({ view, removed, healed: isHealed }) => {
        views.push(view);
        if (removed.length > 0) removals.push([...removed]);
        if (isHealed) healed += 1;
      },
      after: Promise.resolve(),
    },
    { pool: poolName('web'), ref: { table: 'web', anchor: null }, resyncMs, create },
  );
  return { clock, pf, events, views, removals, healed: () => healed, worker };
}

function goal(...desired: string[]): TableGoal {
  return {
    desired: new Set(addresses(...desired)),
    untouched: new Set(),
    removable: removable(...[A, B, C].filter((one) => !desired.includes(one))),
    exclusive: false,
    floor: new Map(),
  };
}

/** Members that are down, the first to leave first. */
function removable(...texts: string[]): TableGoal['removable'] {
  return new Map(addresses(...texts).map((one) => [one, 'member']));
}

function operations(pf: { readonly calls: readonly { operation: string }[] }): string[] {
  return pf.calls.map(({ operation }) => operation);
}

/** What pf was told, each time that this changes. */
function askedIn(views: readonly TableView[]): string[][] {
  const asked = views.map((view) => [...view.asked]);
  return asked.filter((one, i) => i === 0 || one.join() !== asked[i - 1]?.join());
}

/** Whether the promise has settled by now. */
async function isSettled(promise: Promise<void>): Promise<boolean> {
  let settled = false;
  void promise.then(() => {
    settled = true;
  });
  await settle();
  return settled;
}

describe('a change', () => {
  test('to a table that was not read yet reads first, and deletes only when pf shows what was added', async () => {
    const { pf, worker } = workerFor([A]);
    worker.setGoal(goal(B));
    await settle();
    expect(operations(pf)).toEqual(['show', 'add', 'show', 'remove', 'show']);
    expect(pf.entries('web')).toEqual([B]);
    expect(worker.view).toMatchObject({ inSync: true, error: null, actual: [B] });
  });

  test('deletes nothing as long as pf does not show what was added', async () => {
    const { pf, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    pf.fault('add', { kind: 'ignored' });
    worker.setGoal(goal(B));
    await settle();
    expect(pf.entries('web')).toEqual([A]);
    expect(worker.view.error?.kind).toBe('not-accepted');
  });

  test.each([
    ['deletes reads first', [A, B], [A], ['show', 'remove', 'show']],
    ['adds begins with it', [A], [A, B], ['add', 'show']],
    ['adds and deletes adds and reads', [A], [B], ['add', 'show', 'remove', 'show']],
  ])('that %s where the table is known', async (_what, before, after, expected) => {
    const { pf, worker } = workerFor(before);
    worker.setGoal(goal(...before));
    await settle();
    const calls = pf.calls.length;
    worker.setGoal(goal(...after));
    await settle();
    expect(operations(pf).slice(calls)).toEqual(expected);
    expect(pf.entries('web')).toEqual(after);
  });

  test('that deletes first puts back what another program has taken out meanwhile', async () => {
    const { clock, pf, worker } = workerFor([A, B, C]);
    worker.setGoal(goal(A, B, C));
    await settle();
    pf.put('web', [C]);
    const held: (readonly string[])[] = [];
    pf.onChange((_, __, after) => void held.push(after));
    worker.setGoal(goal(A, B));
    await clock.advance(100);
    expect(held).toEqual([
      [C, A, B],
      [A, B],
    ]);
  });

  test('of an exclusive table reads first: it would undo what it is to leave as it is', async () => {
    const { pf, worker } = workerFor([A]);
    const exclusive = { exclusive: true, untouched: new Set(addresses(C)) };
    worker.setGoal({ ...goal(A), ...exclusive });
    await settle();
    pf.put('web', [A, C]);
    worker.setGoal({ ...goal(A, B), ...exclusive });
    await settle();
    expect(pf.entries('web')).toEqual([A, B, C]);
  });

  test('to a table that was destroyed just before makes it true again, as a drift', async () => {
    const { pf, events, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    pf.drop('web');
    worker.setGoal(goal(A, B));
    await settle();
    expect(pf.entries('web')).toEqual([A, B]);
    expect(events.of('drift')).toMatchObject([{ missing: [A], surplus: [] }]);
  });

  test('deletes after the first add, also while further backends come up', async () => {
    const { clock, pf, worker } = workerFor([A, B]);
    worker.setGoal(goal(A, B));
    await settle();
    const before = pf.calls.length;
    pf.fault('all', { kind: 'slow', ms: 10 });
    const many = Array.from({ length: 20 }, (_, i) => `10.0.1.${i}`);
    for (let i = 1; i <= many.length; i++) {
      worker.setGoal(goal(A, ...many.slice(0, i)));
      await clock.advance(10);
    }
    expect(operations(pf).slice(before, before + 5)).toEqual([
      'add',
      'show',
      'add',
      'remove',
      'show',
    ]);
    expect(pf.entries('web')).not.toContain(B);
  });

  test('to other addresses than were wanted first keeps what serves until pf shows one of them', async () => {
    const { clock, pf, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    const before = pf.calls.length;
    pf.fault('all', { kind: 'slow', ms: 10 });
    pf.fault('add', { kind: 'ignored' });
    worker.setGoal(goal(B));
    await clock.advance(15);
    worker.setGoal(goal(B, C));
    await clock.advance(40);
    expect(operations(pf).slice(before)).not.toContain('remove');
    expect(pf.entries('web')).toEqual([A]);
  });

  test('never touches what is not its own', async () => {
    const { pf, worker } = workerFor([A, FOREIGN, '!10.1.0.0/16']);
    worker.setGoal(goal());
    await settle();
    expect(pf.entries('web')).toEqual(['!10.1.0.0/16', FOREIGN]);
  });

  test('of an exclusive table is one replace', async () => {
    const { pf, worker } = workerFor([A, FOREIGN]);
    worker.setGoal({ ...goal(B), exclusive: true });
    await settle();
    expect(operations(pf)).toEqual(['show', 'replace', 'show']);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('of an exclusive table to nothing is a delete by name, never a replace by nothing', async () => {
    const { pf, worker } = workerFor([A, FOREIGN]);
    worker.setGoal({ ...goal(), exclusive: true });
    await settle();
    expect(operations(pf)).toEqual(['show', 'remove', 'show']);
    expect(pf.entries('web')).toEqual([]);
  });

  test('is told of once pf shows it, with the time that it took', async () => {
    const { clock, pf, events, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    await clock.advance(60_000);
    pf.fault('all', { kind: 'slow', ms: 10 });
    worker.setGoal(goal(B));
    await clock.advance(100);
    const place = { kind: 'table', pool: 'web', table: 'web', anchor: null };
    expect(events.of('table')).toEqual([
      { ...place, added: [B], removed: [], durationMs: 20 },
      { ...place, added: [], removed: [A], durationMs: 40 },
    ]);
  });

  test('took as long as its address had to wait, whatever else was wanted meanwhile', async () => {
    const { clock, pf, events, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    pf.fault('all', { kind: 'slow', ms: 10 });
    worker.setGoal(goal(A, B));
    await clock.advance(15);
    worker.setGoal(goal(A, B, C));
    await clock.advance(100);
    expect(events.of('table')).toMatchObject([
      { added: [B], durationMs: 20 },
      { added: [C], durationMs: 25 },
    ]);
  });

  test('of the same goal again does nothing', async () => {
    const { pf, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    const before = pf.calls.length;
    worker.setGoal(goal(A));
    await settle();
    expect(pf.calls).toHaveLength(before);
  });

  test('that only forgets an address which the table does not hold needs no pfctl', async () => {
    const { pf, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    const before = pf.calls.length;
    worker.setGoal({ ...goal(A), removable: removable(C) });
    await settle();
    expect(pf.calls).toHaveLength(before);
    expect(worker.view.inSync).toBe(true);
  });
});

describe('goals that change while an operation is in flight', () => {
  test('one operation at a time, and the last goal wins', async () => {
    const { clock, pf, worker } = workerFor([A]);
    pf.fault('all', { kind: 'slow', ms: 50 });
    worker.setGoal(goal(A, B));
    await clock.advance(60);
    worker.setGoal(goal(C));
    worker.setGoal(goal(B, C));
    await clock.advance(1000);
    expect(pf.entries('web')).toEqual([B, C]);
    expect(pf.mostAtOnce).toBe(1);
    expect(worker.view.inSync).toBe(true);
  });

  test('what pf was told is shown at once, until the table is read again', async () => {
    const { clock, pf, views, worker } = workerFor([A]);
    const asked = () => askedIn(views);
    worker.start();
    await clock.advance(0);
    pf.fault('show', { kind: 'slow', ms: 500 });
    worker.setGoal(goal(A, B));
    await clock.advance(100);
    expect(pf.entries('web')).toEqual([A, B]);
    expect(asked()).toEqual([[], [B]]);
    worker.setGoal(goal(A));
    await clock.advance(500);
    expect(asked()).toEqual([[], [B], [], [B]]);
    await clock.advance(500);
    expect(pf.entries('web')).toEqual([A]);
    expect(asked()).toEqual([[], [B], [], [B], []]);
  });

  test('goals of one turn are one change', async () => {
    const { pf, worker } = workerFor([A, B, C]);
    worker.setGoal(goal(A, B));
    worker.setGoal(goal(A));
    worker.setGoal(goal(C));
    await settle();
    expect(operations(pf)).toEqual(['show', 'remove', 'show']);
    expect(pf.entries('web')).toEqual([C]);
  });

  test.each(['add', 'remove', 'show'] as const)(
    'a goal that comes during %s is not lost',
    async (operation) => {
      const { clock, pf, worker } = workerFor([A]);
      worker.setGoal(goal(A));
      await settle();
      pf.fault(operation, { kind: 'hang' });
      worker.setGoal(goal(B));
      await settle();
      worker.setGoal(goal(A, C));
      pf.fault(operation, null);
      pf.release();
      await clock.advance(0);
      expect(pf.entries('web')).toEqual([A, C]);
      expect(worker.view.inSync).toBe(true);
    },
  );

  test('a goal that comes back to what the table held before the delete in flight is not lost', async () => {
    const { pf, worker } = workerFor([A, B]);
    worker.setGoal(goal(A, B));
    await settle();
    pf.fault('remove', { kind: 'hang' });
    worker.setGoal(goal(A));
    await settle();
    worker.setGoal(goal(A, B));
    pf.fault('remove', null);
    pf.release();
    await settle();
    expect(pf.entries('web')).toEqual([A, B]);
    expect(worker.view.inSync).toBe(true);
  });

  test('what a goal that came during the add wants again is not deleted after it', async () => {
    const { clock, pf, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    const lost: string[] = [];
    pf.onChange((_, before, after) => {
      if (before.includes(A) && !after.includes(A)) lost.push(A);
    });
    pf.fault('add', { kind: 'slow', ms: 50 });
    worker.setGoal(goal(B));
    await clock.advance(20);
    worker.setGoal(goal(A, B));
    await clock.advance(1000);
    expect(pf.entries('web')).toEqual([A, B]);
    expect(lost).toEqual([]);
  });

  test('a goal that changes during every operation is met when it stops changing', async () => {
    const { clock, pf, worker } = workerFor([A, B]);
    worker.setGoal(goal(A, B));
    await settle();
    let changes = 0;
    pf.onChange(() => {
      changes += 1;
      if (changes < 12) worker.setGoal(changes % 2 === 0 ? goal(A) : goal(A, B));
    });
    worker.setGoal(goal(A));
    await clock.advance(100);
    expect(pf.entries('web')).toEqual([A, B]);
    expect(worker.view.inSync).toBe(true);
  });
});

describe('attempted', () => {
  test('resolves at once when the table is in sync', async () => {
    const { worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    expect(await isSettled(worker.attempted())).toBe(true);
  });

  test('waits for pf to confirm', async () => {
    const { clock, pf, worker } = workerFor([A]);
    pf.fault('all', { kind: 'slow', ms: 10 });
    worker.setGoal(goal(B));
    const attempt = worker.attempted();
    await clock.advance(40);
    expect(await isSettled(attempt)).toBe(false);
    await clock.advance(10);
    expect(await isSettled(attempt)).toBe(true);
  });

  test('resolves when the attempt has failed', async () => {
    const { pf, worker } = workerFor([A]);
    pf.fault('add', { kind: 'error', error: 'permission' });
    worker.setGoal(goal(B));
    expect(await isSettled(worker.attempted())).toBe(true);
  });

  test('resolves when a goal that came during the attempt is met by it', async () => {
    const { clock, pf, worker } = workerFor([A]);
    pf.fault('all', { kind: 'slow', ms: 10 });
    worker.setGoal(goal(B));
    await clock.advance(15);
    worker.setGoal(goal(A, C));
    const attempt = worker.attempted();
    await clock.advance(200);
    expect(worker.view.inSync).toBe(true);
    expect(await isSettled(attempt)).toBe(true);
  });

  test('resolves at the first reading when that sets a goal which is met already', async () => {
    const clock = createFakeClock();
    const pf = createFakePf(clock);
    pf.put('web', [A]);
    const worker = createTableWorker(
      {
        driver: pf,
        clock,
        emit: () => {},
        onView: () => worker.setGoal(goal(A)),
        after: Promise.resolve(),
      },
      { pool: poolName('web'), ref: { table: 'web', anchor: null }, resyncMs: 5000, create: false },
    );
    worker.start();
    const attempt = worker.attempted();
    await clock.advance(10);
    expect(worker.view.inSync).toBe(true);
    expect(await isSettled(attempt)).toBe(true);
  });
});

describe('a failing pfctl', () => {
  const KINDS: readonly PfErrorKind[] = [
    'const-table',
    'permission',
    'missing-program',
    'missing-device',
    'hung',
    'killed',
    'unexpected-output',
    'refused',
  ];

  test.each(KINDS)(
    '%s is told of once, and the table is right within one backoff cap',
    async (kind) => {
      const { clock, pf, events, healed, worker } = workerFor([A]);
      worker.setGoal(goal(A));
      await settle();
      pf.fault('all', { kind: 'error', error: kind });
      worker.setGoal(goal(B));
      await clock.advance(60_000);
      expect(worker.view.error?.kind).toBe(kind);
      expect(worker.view.inSync).toBe(false);
      // Each right that is missing is told of: to add, and then to read.
      expect(events.of('table-error')).toHaveLength(kind === 'permission' ? 2 : 1);
      pf.fault('all', null);
      await clock.advance(RESYNC_MS);
      expect(pf.entries('web')).toEqual([B]);
      expect(worker.view).toMatchObject({ inSync: true, error: null });
      expect(events.of('table-ok')).toHaveLength(1);
      expect(healed()).toBe(1);
    },
  );

  test('another kind of failure is told of once more', async () => {
    const { clock, pf, events, worker } = workerFor([A]);
    pf.fault('show', { kind: 'error', error: 'permission' });
    worker.setGoal(goal(B));
    await clock.advance(10_000);
    pf.fault('show', { kind: 'error', error: 'missing-device' });
    await clock.advance(20_000);
    expect(events.of('table-error').map(({ error }) => error)).toEqual([
      'pfctl -t web -T show: permission',
      'pfctl -t web -T show: missing-device',
    ]);
  });

  test('another right that is missing is told of once more, the same is not', async () => {
    const { clock, pf, events, worker } = workerFor([A]);
    pf.fault('add', { kind: 'error', error: 'permission' });
    worker.setGoal(goal(A, B));
    await clock.advance(10_000);
    pf.fault('add', null);
    pf.fault('show', { kind: 'error', error: 'permission' });
    await clock.advance(20_000);
    expect(events.of('table-error').map(({ error }) => error)).toEqual([
      'pfctl -t web -T add: permission',
      'pfctl -t web -T show: permission',
    ]);
  });

  test('tries again after 100 ms, then twice as long each time, at most a resync', async () => {
    const { clock, pf, worker } = workerFor([A]);
    pf.fault('show', { kind: 'error', error: 'refused' });
    worker.setGoal(goal(A));
    await clock.advance(25_000);
    const tries = pf.calls.map(({ atMs }) => atMs);
    const gaps = tries.slice(1).map((ms, i) => ms - (tries[i] ?? 0));
    expect(gaps).toEqual([100, 200, 400, 800, 1600, 3200, 5000, 5000, 5000]);
  });

  test('a fresh goal does not wait for the backoff', async () => {
    const { clock, pf, worker } = workerFor([A]);
    pf.fault('show', { kind: 'error', error: 'refused' });
    worker.setGoal(goal(A));
    await clock.advance(20_000);
    pf.fault('show', null);
    worker.setGoal(goal(B));
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('a delete that fails after its add leaves more in the table, never less', async () => {
    const { clock, pf, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    pf.fault('remove', { kind: 'error', error: 'killed' });
    worker.setGoal(goal(B));
    await clock.advance(1000);
    expect(pf.entries('web')).toEqual([A, B]);
    pf.fault('remove', null);
    await clock.advance(RESYNC_MS);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('a change that was made but reported as failed is found to be made', async () => {
    const { clock, pf, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    pf.fault('remove', { kind: 'done-but-error', error: 'killed' });
    worker.setGoal(goal());
    await clock.advance(200);
    expect(worker.view).toMatchObject({ inSync: true, actual: [] });
  });

  test('a missing table is an error, and heals when the table appears', async () => {
    const { clock, pf, events, worker } = workerFor(null);
    worker.setGoal(goal(A));
    await clock.advance(30_000);
    expect(worker.view).toMatchObject({ inSync: false, error: { kind: 'missing-table' } });
    expect(operations(pf)).not.toContain('add');
    pf.put('web', []);
    await clock.advance(RESYNC_MS);
    expect(pf.entries('web')).toEqual([A]);
    expect(events.of('table-ok')).toHaveLength(1);
  });

  test('a missing table is made where the pool says create = true', async () => {
    const { pf, events, worker } = workerFor(null, { create: true });
    worker.setGoal(goal(A));
    await settle();
    expect(pf.entries('web')).toEqual([A]);
    expect(events.of('table-error')).toEqual([]);
  });

  test('a missing table of which nothing is wanted is in order where create = true', async () => {
    const { pf, worker } = workerFor(null, { create: true });
    worker.setGoal(goal());
    await settle();
    expect(pf.entries('web')).toBeNull();
    expect(worker.view.inSync).toBe(true);
  });

  test('pf says done and does nothing: not-accepted, in a bounded number of tries', async () => {
    const { pf, worker } = workerFor([A]);
    pf.fault('add', { kind: 'ignored' });
    worker.setGoal(goal(A, B));
    await settle();
    expect(worker.view.error).toEqual({
      kind: 'not-accepted',
      message: `the table does not take ${B}`,
    });
    expect(operations(pf).filter((one) => one === 'add')).toHaveLength(3);
  });

  test.each([
    [1, [A]],
    [2, [A, C]],
  ])(
    'a floor of %i holds what is down while pf keeps refusing what comes in',
    async (inet, left) => {
      const { clock, pf, worker } = workerFor([A, C]);
      pf.fault('add', { kind: 'ignored' });
      worker.setGoal({ ...goal(A, B), floor: new Map([['inet', inet]]) });
      await clock.advance(RESYNC_MS);
      expect(pf.entries('web')).toEqual(left);
      pf.fault('add', null);
      await clock.advance(RESYNC_MS);
      expect(pf.entries('web')).toEqual([A, B]);
    },
  );

  test.each(['refused', 'permission', 'hung'] as const)(
    'what is down leaves, as far as the floor lets, while an add goes on ending as %s',
    async (error) => {
      const { clock, pf, worker } = workerFor([A, B, C]);
      pf.fault('add', { kind: 'error', error });
      worker.setGoal({
        ...goal(A, '10.0.0.4'),
        removable: removable(C, B),
        floor: new Map([['inet', 2]]),
      });
      await settle();
      expect(pf.entries('web')).toEqual([A, B, C]);
      await clock.advance(RESYNC_MS);
      expect(pf.entries('web')).toEqual([A, B]);
      expect(worker.view.error?.kind).toBe(error);
    },
  );

  /** pf goes on refusing to add C, and with the second try, which is slow, another goal comes. */
  const setAnotherGoal = async (holds: readonly string[], first: TableGoal, then: TableGoal) => {
    const { clock, pf, events, worker } = workerFor(holds);
    pf.fault('add', { kind: 'error', error: 'refused' });
    worker.setGoal(first);
    await settle();
    const { add } = pf;
    const adding = vi.spyOn(pf, 'add').mockImplementationOnce(async (ref, entries) => {
      worker.setGoal(then);
      return add(ref, entries);
    });
    await clock.advance(RESYNC_MS);
    expect(adding).toHaveBeenCalled();
    return { pf, events };
  };

  test('what has come back while a refused add was slow does not leave', async () => {
    const { pf } = await setAnotherGoal([A, B], goal(A, C), goal(A, B, C));
    expect(operations(pf)).not.toContain('remove');
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('what must leave only since then leaves by a change of its own, which is told', async () => {
    const { pf, events } = await setAnotherGoal([A, B], goal(A, B, C), goal(A, C));
    expect(pf.entries('web')).toEqual([A]);
    expect(events.of('table')).toMatchObject([{ removed: [B] }]);
  });

  test('what is down leaves an exclusive table while pf goes on refusing the replace', async () => {
    const { clock, pf, worker } = workerFor([A, B]);
    pf.fault('replace', { kind: 'error', error: 'refused' });
    worker.setGoal({ ...goal(A, C), exclusive: true, floor: new Map([['inet', 1]]) });
    await settle();
    expect(pf.entries('web')).toEqual([A, B]);
    await clock.advance(RESYNC_MS);
    expect(pf.entries('web')).toEqual([A]);
  });

  test('a negated entry in the way is named', async () => {
    const { pf, worker } = workerFor([`!${B}`]);
    worker.setGoal(goal(B));
    await settle();
    expect(worker.view.error).toEqual({
      kind: 'not-accepted',
      message: `the table does not take ${B}, it holds !${B}`,
    });
    expect(pf.entries('web')).toEqual([`!${B}`]);
  });

  test('a delete that is undone each time is not-accepted too', async () => {
    const { pf, worker } = workerFor([A, B]);
    pf.fault('remove', { kind: 'ignored' });
    worker.setGoal(goal(A));
    await settle();
    expect(worker.view.error).toEqual({
      kind: 'not-accepted',
      message: `the table does not give up ${B}`,
    });
  });
});

describe('drift', () => {
  test('is put right within a resync and told of once, with what was missing and what was too much', async () => {
    const { clock, pf, events, worker } = workerFor([A, FOREIGN]);
    worker.setGoal(goal(A));
    await settle();
    pf.put('web', [B, FOREIGN]);
    await clock.advance(RESYNC_MS);
    expect(pf.entries('web')).toEqual([A, FOREIGN]);
    await clock.advance(3 * RESYNC_MS);
    expect(events.of('drift')).toEqual([
      { kind: 'drift', pool: 'web', table: 'web', anchor: null, missing: [A], surplus: [B] },
    ]);
  });

  test('its repair takes as long as the repair, however old the goal is', async () => {
    const { clock, pf, events, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await clock.advance(24 * 3_600_000);
    pf.put('web', []);
    pf.fault('all', { kind: 'slow', ms: 10 });
    await clock.advance(RESYNC_MS + 100);
    expect(events.of('table').at(-1)).toMatchObject({ added: [A], durationMs: 20 });
  });

  test('what is foreign in an exclusive table is too much', async () => {
    const { clock, pf, events, worker } = workerFor([A]);
    worker.setGoal({ ...goal(A), exclusive: true });
    await settle();
    pf.put('web', [A, FOREIGN]);
    await clock.advance(RESYNC_MS);
    expect(events.of('drift')).toMatchObject([{ missing: [], surplus: [FOREIGN] }]);
    expect(pf.entries('web')).toEqual([A]);
  });

  test('that a change finds is told of, and not as what hfm did', async () => {
    const { pf, events, worker } = workerFor([A, B]);
    worker.setGoal(goal(A, B));
    await settle();
    pf.put('web', [B]);
    worker.setGoal(goal(A, B, C));
    await settle();
    expect(pf.entries('web')).toEqual([A, B, C]);
    expect(events.of('drift')).toMatchObject([{ missing: [A], surplus: [] }]);
  });

  test('that the first reading after a failure finds is told of', async () => {
    const { clock, pf, events, worker } = workerFor([A, B]);
    worker.setGoal(goal(A, B));
    await settle();
    pf.fault('show', { kind: 'error', error: 'hung' });
    await clock.advance(RESYNC_MS);
    pf.put('web', [B, C]);
    pf.fault('show', null);
    await clock.advance(RESYNC_MS);
    expect(events.of('drift')).toMatchObject([{ missing: [A], surplus: [C] }]);
  });

  test('is not what another goal changes while the table is read', async () => {
    const { clock, pf, events, worker } = workerFor([A, B]);
    worker.setGoal(goal(A, B));
    await settle();
    pf.fault('show', { kind: 'slow', ms: 10 });
    await clock.advance(RESYNC_MS + 5);
    worker.setGoal(goal(B, C));
    await clock.advance(RESYNC_MS);
    expect(pf.entries('web')).toEqual([B, C]);
    expect(events.of('drift')).toEqual([]);
  });

  test.each(['add', 'remove'] as const)(
    'is not an %s of our own that was reported as failed',
    async (operation) => {
      const { clock, pf, events, worker } = workerFor([A, B]);
      worker.setGoal(goal(A, B));
      await settle();
      pf.fault(operation, { kind: 'done-but-error', error: 'killed' });
      worker.setGoal(goal(B, C));
      await settle();
      worker.setGoal(goal(A, B));
      await clock.advance(RESYNC_MS);
      pf.fault(operation, null);
      await clock.advance(RESYNC_MS);
      expect(pf.entries('web')).toEqual([A, B]);
      expect(events.of('drift')).toEqual([]);
    },
  );

  test('is not told of when a table is brought to its first goal', async () => {
    const { clock, events, worker } = workerFor([B]);
    worker.setGoal(goal(A));
    await clock.advance(2 * RESYNC_MS);
    expect(events.of('drift')).toEqual([]);
  });

  test('that pf does not let be repaired is told of once, then as a failure', async () => {
    const { clock, pf, events, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    pf.put('web', []);
    pf.fault('add', { kind: 'error', error: 'permission' });
    await clock.advance(10 * RESYNC_MS);
    expect(events.of('drift')).toHaveLength(1);
    expect(events.of('table-error')).toHaveLength(1);
  });
});

describe('stop', () => {
  test('waits for the operation in flight and starts nothing after it', async () => {
    const { clock, pf, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    pf.fault('show', { kind: 'hang' });
    await clock.advance(RESYNC_MS);
    const stopped = worker.stop();
    expect(await isSettled(stopped)).toBe(false);
    pf.release();
    expect(await isSettled(stopped)).toBe(true);
    const calls = pf.calls.length;
    worker.setGoal(goal(B));
    await clock.advance(10 * RESYNC_MS);
    expect(pf.calls).toHaveLength(calls);
    expect(clock.pending).toBe(0);
  });

  test('ends every wait for an attempt, and can be called twice', async () => {
    const { pf, worker } = workerFor([A]);
    pf.fault('show', { kind: 'hang' });
    worker.setGoal(goal(B));
    const attempt = worker.attempted();
    await settle();
    const stopped = Promise.all([worker.stop(), worker.stop()]);
    pf.fault('all', { kind: 'error', error: 'killed' });
    pf.release();
    await stopped;
    expect(await isSettled(attempt)).toBe(true);
    expect(await isSettled(worker.attempted())).toBe(true);
  });
});

test('each time that entries have left is told once pf has confirmed it', async () => {
  const { clock, pf, removals, worker } = workerFor([A, B, FOREIGN]);
  worker.setGoal(goal(A));
  await settle();
  pf.put('web', [A, C, FOREIGN]);
  await clock.advance(RESYNC_MS);
  pf.fault('remove', { kind: 'ignored' });
  worker.setGoal(goal());
  await clock.advance(100);
  expect(removals).toEqual([[B], [C]]);
});

describe('a conflict', () => {
  test('with another program is told once, as is its end, and the table is put right all the while', async () => {
    const { clock, pf, events, worker } = workerFor([A]);
    worker.setGoal(goal(A));
    await settle();
    for (let i = 0; i < 20; i++) {
      pf.put('web', []);
      await clock.advance(RESYNC_MS);
      expect(pf.entries('web')).toEqual([A]);
    }
    expect(events.of('drift')).toHaveLength(2);
    expect(events.of('contested')).toMatchObject([{ active: true }]);
    expect(worker.view.contested).toBe(20);
    await clock.advance(70_000);
    expect(events.of('contested').map(({ active, drifts }) => [active, drifts])).toEqual([
      [true, 3],
      [false, 20],
    ]);
    expect(worker.view.contested).toBe(0);
  });

  test('does not hide what hfm changes by itself meanwhile', async () => {
    const { clock, pf, events, worker } = workerFor([A, B]);
    worker.setGoal(goal(A, B));
    await settle();
    for (let i = 0; i < 4; i++) {
      pf.put('web', [B]);
      await clock.advance(RESYNC_MS);
    }
    const repairs = events.of('table').length;
    expect(worker.view.contested).toBe(4);
    worker.setGoal(goal(A));
    await clock.advance(RESYNC_MS);
    expect(events.of('table').slice(repairs)).toMatchObject([{ added: [], removed: [B] }]);
    pf.put('web', [B]);
    await clock.advance(RESYNC_MS);
    expect(pf.entries('web')).toEqual([A]);
    expect(events.of('table')).toHaveLength(repairs + 1);
  });
});

test('a program that undoes it before each change of hfm is a conflict too', async () => {
  const { clock, pf, events, worker } = workerFor([A, B]);
  worker.setGoal(goal(A, B));
  await settle();
  for (let i = 0; i < 6; i++) {
    pf.put('web', [B]);
    worker.setGoal(i % 2 === 0 ? goal(A, B, C) : goal(A, B));
    await clock.advance(1000);
  }
  expect(events.of('drift')).toHaveLength(2);
  expect(events.of('contested')).toMatchObject([{ active: true }]);
  expect(worker.view.contested).toBe(6);
});

test('confirmedAtMs is the wall time of the last reading that showed the goal', async () => {
  const { clock, pf, worker } = workerFor([A]);
  worker.setGoal(goal(A));
  await clock.advance(RESYNC_MS);
  const confirmedAtMs = clock.wallMs();
  expect(worker.view.confirmedAtMs).toBe(confirmedAtMs);
  pf.fault('show', { kind: 'error', error: 'hung' });
  await clock.advance(2 * RESYNC_MS);
  expect(worker.view.confirmedAtMs).toBe(confirmedAtMs);
});

test('every reading and every failure is shown', async () => {
  const { clock, pf, views, worker } = workerFor([A]);
  worker.setGoal(goal(A));
  await settle();
  pf.fault('show', { kind: 'error', error: 'hung' });
  await clock.advance(RESYNC_MS);
  expect(views.map(({ inSync, error }) => [inSync, error?.kind ?? null])).toEqual([
    [false, null],
    [true, null],
    [false, 'hung'],
  ]);
});

test('another pool over the same table has its goal to set', async () => {
  const { pf, views, worker } = workerFor([A]);
  worker.setGoal(goal(A));
  await settle();
  worker.reconfigure({ ...worker.config, pool: poolName('other') });
  expect(worker.view.inSync).toBe(false);
  await settle();
  expect(pf.entries('web')).toEqual([A]);
  expect(views.at(-1)).toMatchObject({ inSync: false, actual: [A] });
  worker.setGoal(goal(B));
  await settle();
  expect(pf.entries('web')).toEqual([B]);
});
