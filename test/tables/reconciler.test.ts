import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import { type PoolName, poolName } from '../../src/core/names.ts';
import type { PoolGoal } from '../../src/core/policy.ts';
import { Reconciler } from '../../src/tables/reconciler.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { addresses, backend, config, pool } from '../fakes/config.ts';
import { recordEvents } from '../fakes/events.ts';
import { createFakePf } from '../fakes/pf.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
const FOREIGN = '192.0.2.7';
const RESYNC_MS = 5000;

const NO_GOALS: ReadonlyMap<PoolName, PoolGoal> = new Map();

const WEB = config([pool('web')], [backend('lb1', { web: A }), backend('lb2', { web: B })]);

function reconciler(
  tables: Readonly<Record<string, readonly string[]>>,
  { ledger = [] }: { ledger?: Ledger } = {},
) {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  for (const [table, entries] of Object.entries(tables)) pf.put(table, entries);
  const events = recordEvents();
  const read: [string, readonly string[]][] = [];
  const removed: [string | null, readonly string[]][] = [];
  const ledgers: Ledger[] = [];
  const unit = new Reconciler(
    {
      driver: pf,
      clock,
      emit: events.emit,
      onView: ({ table, view, ledgerChanged, ...update }) => {
        if (table.pool !== null && view.actual !== null && view.error === null) {
          read.push([table.pool, view.actual]);
        }
        if (update.removed.length > 0) removed.push([table.pool, update.removed]);
        if (ledgerChanged) ledgers.push(unit.ledger);
      },
    },
    ledger,
  );
  return { clock, pf, events, read, removed, ledgers, unit };
}

function left(table: string, ...texts: string[]): Ledger[number] {
  return { table, anchor: null, addresses: addresses(...texts) };
}

function setGoal(unit: Reconciler, name: string, ...desired: string[]): void {
  unit.setGoal(poolName(name), goalOf(...desired));
}

function goalOf(...desired: string[]): PoolGoal {
  return {
    desired: new Set(addresses(...desired)),
    untouched: new Set(),
    removable: new Map(),
    floor: new Map(),
    short: new Set(),
  };
}

function without(from: Config, name: string): Config {
  return { ...from, backends: from.backends.filter((one) => one.name !== name) };
}

describe('the ledger', () => {
  test('is written with all that is configured before any table is touched', async () => {
    const { pf, unit } = reconciler({ web: [] });
    unit.configure(WEB, NO_GOALS);
    expect(unit.ledger).toEqual([left('web', A, B)]);
    expect(pf.calls).toEqual([]);
  });

  test('takes out what left the configuration while hfmd was stopped', async () => {
    const { clock, pf, ledgers, unit } = reconciler(
      { web: [A, B, FOREIGN] },
      { ledger: [left('web', A, B)] },
    );
    unit.configure(without(WEB, 'lb1'), NO_GOALS);
    setGoal(unit, 'web', B);
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([B, FOREIGN]);
    expect(ledgers.at(-1)).toEqual([left('web', B)]);
  });

  test('keeps what it could not take out yet, and takes it out after another restart', async () => {
    const first = reconciler({ web: [A, B] }, { ledger: [left('web', A, B)] });
    first.pf.fault('remove', { kind: 'error', error: 'permission' });
    first.unit.configure(without(WEB, 'lb1'), NO_GOALS);
    setGoal(first.unit, 'web', B);
    await first.clock.advance(20_000);
    expect(new Set(first.unit.ledger[0]?.addresses)).toEqual(new Set([A, B]));
    const second = reconciler({ web: [A, B] }, { ledger: first.unit.ledger });
    second.unit.configure(without(WEB, 'lb1'), NO_GOALS);
    setGoal(second.unit, 'web', B);
    await second.clock.advance(0);
    expect(second.pf.entries('web')).toEqual([B]);
  });

  test('what it has forgotten is a foreign address from then on', async () => {
    const { clock, pf, unit } = reconciler({ web: [A, B] }, { ledger: [left('web', A, B)] });
    unit.configure(without(WEB, 'lb1'), NO_GOALS);
    setGoal(unit, 'web', B);
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([B]);
    pf.put('web', [A, B]);
    await clock.advance(4 * RESYNC_MS);
    expect(pf.entries('web')).toEqual([A, B]);
  });
});

describe('tables that leave the configuration', () => {
  test('lose what is in the ledger, keep what is foreign, and are forgotten', async () => {
    const { clock, pf, ledgers, removed, unit } = reconciler(
      { web: [A], old: [C, FOREIGN] },
      { ledger: [left('old', C)] },
    );
    unit.configure(WEB, NO_GOALS);
    expect(unit.retired).toHaveLength(1);
    await clock.advance(0);
    expect(pf.entries('old')).toEqual([FOREIGN]);
    expect(removed).toContainEqual([null, [C]]);
    expect(unit.retired).toEqual([]);
    expect(ledgers.at(-1)).toEqual([left('web', A, B)]);
    const calls = pf.calls.filter(({ table }) => table === 'old').length;
    await clock.advance(10 * RESYNC_MS);
    expect(pf.calls.filter(({ table }) => table === 'old')).toHaveLength(calls);
  });

  test('are forgotten when they do not exist any more', async () => {
    const { clock, unit } = reconciler({ web: [A] }, { ledger: [left('old', C)] });
    unit.configure(WEB, NO_GOALS);
    await clock.advance(0);
    expect(unit.retired).toEqual([]);
    expect(unit.ledger).toEqual([left('web', A, B)]);
  });

  test('stay in the ledger until pf lets go of them', async () => {
    const { clock, pf, unit } = reconciler({ web: [], old: [C] }, { ledger: [left('old', C)] });
    pf.fault('all', { kind: 'error', error: 'permission' }, 'old');
    unit.configure(WEB, NO_GOALS);
    await clock.advance(60_000);
    expect(unit.retired).toHaveLength(1);
    pf.fault('all', null, 'old');
    await clock.advance(RESYNC_MS);
    expect(pf.entries('old')).toEqual([]);
    expect(unit.retired).toEqual([]);
  });

  test('that come back before they were emptied are read, and adopted by their pool', async () => {
    const { clock, pf, read, unit } = reconciler({ web: [A], mail: [B] });
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: B })]);
    unit.configure(both, NO_GOALS);
    setGoal(unit, 'web', A);
    setGoal(unit, 'mail', B);
    await clock.advance(0);
    pf.fault('remove', { kind: 'hang' });
    unit.configure(config([pool('web')], [backend('lb1', { web: A })]), NO_GOALS);
    setGoal(unit, 'web', A);
    await clock.advance(0);
    read.length = 0;
    unit.configure(both, NO_GOALS);
    pf.fault('remove', null);
    pf.release();
    await clock.advance(0);
    expect(read.at(-1)).toEqual(['mail', []]);
    setGoal(unit, 'mail', B);
    await clock.advance(0);
    expect(pf.entries('mail')).toEqual([B]);
    expect(pf.mostAtOnce).toBe(1);
  });

  test('that are forgotten and come back while pfctl hangs have one operation at a time', async () => {
    const { clock, pf, unit } = reconciler({ web: [A], mail: [] });
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A })]);
    unit.configure(both, NO_GOALS);
    setGoal(unit, 'mail');
    await clock.advance(0);
    pf.fault('show', { kind: 'hang' });
    await clock.advance(RESYNC_MS);
    unit.configure(config([pool('web')], [backend('lb1', { web: A })]), NO_GOALS);
    unit.configure(both, NO_GOALS);
    await clock.advance(RESYNC_MS);
    expect(pf.mostAtOnce).toBe(1);
    pf.fault('show', null);
    pf.release();
    setGoal(unit, 'mail');
    await clock.advance(0);
    expect(unit.viewOf({ table: 'mail', anchor: null })).toMatchObject({ inSync: true });
    await unit.stop();
    expect(clock.pending).toBe(0);
  });

  test('keep what moves to another table until that one is proven to hold it', async () => {
    const { clock, pf, unit } = reconciler({ web: [A], old: [B] }, { ledger: [left('old', B)] });
    pf.fault('add', { kind: 'error', error: 'permission' }, 'web');
    unit.configure(WEB, NO_GOALS);
    setGoal(unit, 'web', A, B);
    await clock.advance(60_000);
    expect(pf.entries('old')).toEqual([B]);
    pf.fault('add', null, 'web');
    await clock.advance(2 * RESYNC_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    expect(pf.entries('old')).toEqual([]);
    expect(unit.retired).toEqual([]);
  });

  test('in an anchor are other tables than those of the same name in the main ruleset', async () => {
    const { clock, pf, unit } = reconciler({ web: [A] });
    const anchored = config(
      [pool('web'), pool('inner', { table: 'web', anchor: 'hfm' })],
      [backend('lb1', { web: A })],
    );
    unit.configure(anchored, NO_GOALS);
    setGoal(unit, 'web', A);
    await clock.advance(0);
    expect(unit.viewOf({ table: 'web', anchor: null }).inSync).toBe(true);
    expect(unit.viewOf({ table: 'web', anchor: 'hfm' }).inSync).toBe(false);
    expect(pf.entries('web')).toEqual([A]);
  });
});

describe('a configuration that comes with goals', () => {
  test('touches no table before its caller has had its turn, and then changes each once', async () => {
    const { clock, pf, unit } = reconciler({ web: [A, B] });
    unit.configure(WEB, NO_GOALS);
    setGoal(unit, 'web', A, B);
    await clock.advance(0);
    const before = pf.calls.length;
    unit.configure(without(WEB, 'lb1'), new Map([[poolName('web'), goalOf(B)]]));
    expect(pf.calls).toHaveLength(before);
    expect(unit.viewOf({ table: 'web', anchor: null }).inSync).toBe(false);
    await clock.advance(0);
    expect(pf.calls.slice(before).map(({ operation }) => operation)).toEqual([
      'show',
      'remove',
      'show',
    ]);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('has no goal for a pool that is not among them, nor for one that it does not have', async () => {
    const { clock, pf, unit } = reconciler({ web: [A] });
    unit.configure(WEB, new Map([[poolName('mail'), goalOf(C)]]));
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A]);
    expect(unit.viewOf({ table: 'web', anchor: null }).inSync).toBe(false);
  });
});

test('readings are shown to the pool, failures are not', async () => {
  const { clock, pf, read, unit } = reconciler({ web: [A, FOREIGN] });
  unit.configure(WEB, NO_GOALS);
  await clock.advance(0);
  expect(read.at(-1)).toEqual(['web', [A, FOREIGN]]);
  const readings = read.length;
  pf.fault('show', { kind: 'error', error: 'hung' });
  await clock.advance(20_000);
  expect(read).toHaveLength(readings);
});

test('a table without a goal is read and never changed', async () => {
  const { clock, pf, unit } = reconciler({ web: [A, FOREIGN] });
  unit.configure(WEB, NO_GOALS);
  await clock.advance(60_000);
  expect(new Set(pf.calls.map(({ operation }) => operation))).toEqual(new Set(['show']));
});

test('attempted waits for the tables of these pools alone', async () => {
  const { clock, pf, unit } = reconciler({ web: [A], mail: [] });
  unit.configure(
    config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: B })]),
    NO_GOALS,
  );
  pf.fault('all', { kind: 'hang' }, 'mail');
  setGoal(unit, 'web', A);
  setGoal(unit, 'mail', B);
  const done: string[] = [];
  void unit.attempted([poolName('web')]).then(() => done.push('web'));
  void unit.attempted([poolName('web'), poolName('mail')]).then(() => done.push('both'));
  await clock.advance(0);
  expect(done).toEqual(['web']);
  pf.fault('all', null, 'mail');
  pf.release();
  await clock.advance(0);
  expect(done).toEqual(['web', 'both']);
});

test('a goal for a pool that is not configured does nothing', async () => {
  const { clock, pf, unit } = reconciler({ web: [A] });
  unit.configure(WEB, NO_GOALS);
  setGoal(unit, 'unknown', B);
  await clock.advance(0);
  expect(pf.entries('web')).toEqual([A]);
});

test('stop waits for what is in flight and leaves the tables as they are', async () => {
  const { clock, pf, unit } = reconciler({ web: [A, B] });
  unit.configure(WEB, NO_GOALS);
  setGoal(unit, 'web', A, B);
  await clock.advance(0);
  let stopped = false;
  pf.fault('show', { kind: 'hang' });
  await clock.advance(RESYNC_MS);
  const stop = unit.stop().then(() => {
    stopped = true;
  });
  await clock.advance(0);
  expect(stopped).toBe(false);
  pf.release();
  await stop;
  await clock.advance(60_000);
  expect(pf.entries('web')).toEqual([A, B]);
  expect(clock.pending).toBe(0);
});
