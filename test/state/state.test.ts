import { describe, expect, test } from 'vitest';
import { backendName, poolName } from '../../src/core/names.ts';
import { poolsOfBackend } from '../../src/state/backend.ts';
import { breachesOf } from '../../src/state/breaches.ts';
import { NO_EFFECTS } from '../../src/state/effects.ts';
import { FAIL, INCONCLUSIVE, PASS, scopeOf, wire } from '../daemon/wiring.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config, pool, pool as poolOf } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
const FOREIGN = '192.0.2.7';
/** Long enough for every first round of evidence, backoff and resync, and not due with any. */
const LONG_MS = 31_234;

const TWO = config([pool('web')], [backend('lb1', { web: A }), backend('lb2', { web: B })]);

/** A wiring whose tables hold what is given. */
async function started(
  configuration = TWO,
  tables: Readonly<Record<string, readonly string[]>> = { web: [A, B] },
  clock = createFakeClock(),
) {
  const pf = createFakePf(clock);
  for (const [table, entries] of Object.entries(tables)) pf.put(table, entries);
  return wire(configuration, { clock, pf });
}

/** As `started`, with every backend found up, and the moment over. */
async function allUp(configuration = TWO, tables?: Readonly<Record<string, readonly string[]>>) {
  const wiring = await started(configuration, tables);
  for (const { name, checks } of configuration.backends) {
    for (const one of checks) for (let i = 0; i < 2; i++) wiring.probe(name, PASS, one.name);
  }
  await wiring.clock.advance(LONG_MS);
  return wiring;
}

describe('start', () => {
  test('adopts what the tables hold and changes nothing', async () => {
    const { clock, pf } = await started(TWO, { web: [A, FOREIGN] });
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, FOREIGN]);
    expect(pf.calls.every(({ operation }) => operation === 'show')).toBe(true);
  });

  test("what a table must hold is in pf's order, however it is configured", async () => {
    const members = [backend('lb1', { web: ['fd00::2', '10.0.0.10'] }), backend('lb2', { web: B })];
    const { view } = await allUp(config([pool('web')], members));
    expect([...(view.pools.get(poolName('web'))?.outcome?.desired ?? [])]).toEqual([
      B,
      '10.0.0.10',
      'fd00::2',
    ]);
  });

  test('a table that is read as it was known is no reason to decide anew', async () => {
    const { clock, pf, goalsSet } = await allUp();
    const goals = goalsSet();
    await clock.advance(LONG_MS);
    expect(pf.calls.filter(({ operation }) => operation === 'show').length).toBeGreaterThan(5);
    expect(goalsSet()).toBe(goals);
    pf.put('web', [A, FOREIGN]);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B, FOREIGN]);
    expect(goalsSet()).toBeGreaterThan(goals);
  });

  test('the first verdict decides at once where it agrees with the tables', async () => {
    const { view, probe } = await started(TWO, { web: [A] });
    probe('lb1', PASS);
    probe('lb2', FAIL);
    expect(view.backends.get(backendName('lb1'))?.health).toBe('up');
    expect(view.backends.get(backendName('lb2'))?.health).toBe('down');
  });

  test('the first verdict needs rise or fall where it contradicts the tables', async () => {
    const { clock, pf, probe } = await started(TWO, { web: [A] });
    probe('lb2', PASS);
    probe('lb1', FAIL);
    probe('lb1', FAIL);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A]);
    probe('lb2', PASS);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    probe('lb1', FAIL);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('where one of two tables holds a backend its first verdict counts as usual', async () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: B })]);
    const { view, probe } = await started(both, { web: [A], mail: [] });
    probe('lb1', FAIL);
    probe('lb1', FAIL);
    expect(view.backends.get(backendName('lb1'))?.health).toBe('unknown');
    probe('lb1', FAIL);
    expect(view.backends.get(backendName('lb1'))?.health).toBe('down');
  });

  test('where a table could not be read the first verdict counts as usual', async () => {
    const { view, probe } = await started(TWO, {});
    probe('lb1', FAIL);
    probe('lb2', PASS);
    const healths = [...view.backends.values()].map(({ health }) => health);
    expect(healths).toEqual(['unknown', 'unknown']);
  });

  test('a table that is read late is adopted then', async () => {
    const { clock, pf, probe } = await started(TWO, {});
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    pf.put('web', [A, B]);
    await clock.advance(5000);
    expect(pf.entries('web')).toContain(B);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('inconclusive verdicts take nobody out, however many', async () => {
    const { clock, pf, probe } = await allUp();
    for (let i = 0; i < 50; i++) probe('lb1', INCONCLUSIVE);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('nobody leaves while another member has not been judged, for one bounded round', async () => {
    const { clock, pf, probe } = await started();
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(1000);
    expect(pf.entries('web')).toEqual([A, B]);
    probe('lb2', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
  });

  test.each([0, 0.1, 0.9])(
    'a member that is never judged holds the others for 15 s at most, with timers %s ms early',
    async (earlyMs) => {
      const clock = createFakeClock({ earlyMs });
      const { pf, probe } = await started(TWO, { web: [A, B] }, clock);
      for (let i = 0; i < 3; i++) probe('lb1', FAIL);
      await clock.advance(15_010);
      expect(pf.entries('web')).toEqual([B]);
    },
  );
});

describe('health moves the tables', () => {
  test('third consecutive failure takes out (fall = 3), second consecutive pass puts in (rise = 2)', async () => {
    const { clock, pf, probe } = await allUp();
    for (const verdict of [FAIL, FAIL, PASS, FAIL, FAIL]) probe('lb1', verdict);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    probe('lb1', FAIL);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    for (const verdict of [PASS, FAIL, PASS]) probe('lb1', verdict);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
    probe('lb1', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('all the pools of a backend move in the same moment', async () => {
    const both = config(
      [pool('web'), pool('mail')],
      [backend('lb1', { web: A, mail: [C, 'fd00::3'] }), backend('lb2', { web: B })],
    );
    const { clock, pf, probe } = await allUp(both, { web: [A, B], mail: [C, 'fd00::3'] });
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(5);
    expect(pf.entries('web')).toEqual([B]);
    expect(pf.entries('mail')).toEqual([]);
  });

  test('all that turns in one moment is one change of the table', async () => {
    const names = Array.from({ length: 50 }, (_, i) => i);
    const many = config(
      [pool('web')],
      [backend('spare', { web: B }), ...names.map((i) => backend(`n${i}`, { web: `10.1.0.${i}` }))],
    );
    const { clock, pf, probe } = await allUp(many, { web: [] });
    const before = pf.calls.length;
    for (let round = 0; round < 3; round++) for (const i of names) probe(`n${i}`, FAIL);
    await clock.advance(20);
    expect(pf.entries('web')).toEqual([B]);
    const operations = pf.calls.slice(before).map(({ operation }) => operation);
    expect(operations).toEqual(['remove', 'show']);
  });

  test.each([
    ['the loop was at something else', { stalledMs: 0, readMs: 2 }],
    ['the loop stood still', { stalledMs: 30, readMs: 30 }],
  ])(
    'what can be read by the end of a moment belongs to it, where %s',
    async (_, { stalledMs, readMs }) => {
      const three = config(
        [pool('web')],
        [backend('a', { web: A }), backend('b', { web: B }), backend('c', { web: C })],
      );
      const { clock, pf, probe } = await allUp(three, { web: [A, B, C] });
      const before = pf.calls.length;
      for (let i = 0; i < 3; i++) probe('a', FAIL);
      // Due with the end of the moment, and behind it: the loop runs timers before reads.
      clock.after(readMs, () => {
        for (let i = 0; i < 3; i++) probe('b', FAIL);
      });
      clock.stall(stalledMs);
      await clock.advance(10);
      expect(pf.entries('web')).toEqual([C]);
      expect(pf.calls.slice(before).map(({ operation }) => operation)).toEqual(['remove', 'show']);
    },
  );

  test('a moment in which many have turned waits longer for more', async () => {
    const names = Array.from({ length: 120 }, (_, i) => `n${i}`);
    const many = config(
      [pool('web')],
      names.map((name, i) => backend(name, { web: `10.1.0.${i}` })),
    );
    const { clock, pf, probe } = await allUp(many, { web: [] });
    const before = pf.calls.length;
    const turn = (some: readonly string[]): void => {
      for (let i = 0; i < 3; i++) for (const name of some) probe(name, FAIL);
    };
    turn(names.slice(0, 12));
    await clock.advance(4);
    turn(names.slice(12, 100));
    await clock.advance(17);
    turn(names.slice(100, 110));
    await clock.advance(17);
    expect(pf.calls.slice(before)).toEqual([]);
    await clock.advance(1);
    expect(pf.entries('web')).toHaveLength(10);
    turn(names.slice(110, 112));
    await clock.advance(2);
    expect(pf.entries('web')).toHaveLength(8);
  });

  test('a moment is over when all have turned', async () => {
    const both = config(
      [pool('web'), pool('mail')],
      [backend('a', { web: A, mail: A }), backend('b', { web: B }), backend('c', { mail: C })],
    );
    const { clock, pf, probe } = await allUp(both, { web: [A, B], mail: [A, C] });
    const before = pf.calls.length;
    const turn = (name: string, verdict: typeof FAIL): void => {
      for (let i = 0; i < 3; i++) probe(name, verdict);
    };
    for (const name of ['a', 'b']) turn(name, FAIL);
    await clock.advance(0);
    // Of the other table somebody is left.
    expect(pf.calls.slice(before)).toEqual([]);
    turn('c', FAIL);
    await clock.advance(0);
    expect([pf.entries('web'), pf.entries('mail')]).toEqual([[], []]);
    await clock.advance(1000);
    for (const name of ['a', 'c', 'b']) turn(name, PASS);
    await clock.advance(0);
    expect([pf.entries('web'), pf.entries('mail')]).toEqual([
      [A, B],
      [A, C],
    ]);
  });

  test('one that comes up as the other goes down takes his place, and no fallback does', async () => {
    const pair = config(
      [pool('web', { fallback: [C] })],
      [backend('a', { web: A }), backend('b', { web: B })],
    );
    const { clock, pf, probe } = await allUp(pair, { web: [A, B] });
    for (let i = 0; i < 3; i++) probe('b', FAIL);
    await clock.advance(1000);
    const before = pf.calls.length;
    for (let i = 0; i < 3; i++) probe('a', FAIL);
    await clock.advance(1);
    for (let i = 0; i < 2; i++) probe('b', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    const operations = pf.calls.slice(before).map(({ operation }) => operation);
    expect(operations.filter((one) => one !== 'show')).toEqual(['add', 'remove']);
  });

  test('a moment of many does not wait longer for who can not follow', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const many = config(
      [pool('web')],
      names.map((name, i) => backend(name, { web: `10.1.0.${i}` })),
    );
    const { clock, rooms, pf, probe } = await allUp(many, { web: [] });
    const word = { state: 'maint', by: null, reason: null, sinceMs: 0, untilMs: null } as const;
    rooms.apply(rooms.state.override([scopeOf('n0')], word, null));
    for (let i = 0; i < 3; i++) probe('n1', FAIL);
    await clock.advance(1000);
    for (const name of names.slice(2)) for (let i = 0; i < 3; i++) probe(name, FAIL);
    await clock.advance(2);
    expect(pf.entries('web')).toEqual([]);
  });

  test('a moment of many waits longer for who is not judged yet', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `n${i}`);
    const many = config(
      [pool('web')],
      names.map((name, i) => backend(name, { web: `10.1.0.${i}` })),
    );
    const { clock, pf, probe } = await started(many, { web: [] });
    const rise = (some: readonly string[]): void => {
      for (let i = 0; i < 2; i++) for (const name of some) probe(name, PASS);
    };
    await clock.advance(1000);
    const before = pf.calls.length;
    rise(names.slice(0, 99));
    await clock.advance(10);
    rise(names.slice(99));
    await clock.advance(0);
    expect(pf.entries('web')).toHaveLength(100);
    expect(pf.calls.slice(before).map(({ operation }) => operation)).toEqual(['add', 'show']);
  });

  test('nothing is decided once the batch has stopped', async () => {
    const { clock, rooms, goalsSet, probe } = await allUp();
    for (const name of ['lb1', 'lb2']) for (let i = 0; i < 3; i++) probe(name, FAIL);
    const goals = goalsSet();
    rooms.batch.stop();
    await clock.advance(1000);
    expect(goalsSet()).toBe(goals);
  });

  test('a moment lasts as long as more turns, up to 100 ms', async () => {
    const names = Array.from({ length: 200 }, (_, i) => `n${i}`);
    const many = config(
      [pool('web')],
      [
        backend('spare', { web: B }),
        ...names.map((name, i) => backend(name, { web: `10.1.0.${i}` })),
      ],
    );
    const { clock, pf, probe } = await allUp(many, { web: [] });
    const before = pf.calls.length;
    const removals = () => pf.calls.slice(before).filter(({ operation }) => operation === 'remove');
    const turnEach = async (some: readonly string[]): Promise<void> => {
      for (const name of some) {
        for (let i = 0; i < 3; i++) probe(name, FAIL);
        await clock.advance(1);
      }
    };
    await turnEach(names.slice(0, 60));
    expect(removals()).toHaveLength(0);
    await clock.advance(20);
    expect(removals()).toHaveLength(1);
    await turnEach(names.slice(60));
    expect(removals()).toHaveLength(2);
    await clock.advance(100);
    expect(removals()).toHaveLength(3);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('a health event tells the check, the reason, the count and how long the old health lasted', async () => {
    const { clock, events, probe } = await allUp();
    await clock.advance(60_000);
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    expect(events.of('health').at(-1)).toEqual({
      kind: 'health',
      backend: 'lb1',
      from: 'up',
      to: 'down',
      check: 'tcp',
      reason: 'connect-refused',
      detail: 'connection refused',
      count: '3 of 3',
      lastedMs: 60_000 + LONG_MS,
    });
  });

  test('require = "all": one check that is down suffices; "any": one that is up does', async () => {
    const checks = [check({ name: 'a' }), check({ name: 'b' })];
    const strict = config(
      [pool('web')],
      [
        backend('all', { web: A }, { checks }),
        backend('any', { web: B }, { checks, require: 'any' }),
      ],
    );
    const { clock, pf, probe } = await allUp(strict, { web: [A, B] });
    for (const name of ['all', 'any']) for (let i = 0; i < 3; i++) probe(name, FAIL, 'b');
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    for (let i = 0; i < 3; i++) probe('any', FAIL, 'a');
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([]);
  });

  test('a verdict of a check that is gone counts for nothing', async () => {
    const { state } = (await allUp()).rooms;
    const record = { verdict: FAIL, durationMs: 1, atMs: 0 };
    expect(state.record(backendName('lb1'), 'gone', record)).toBe(NO_EFFECTS);
    expect(state.record(backendName('gone'), 'tcp', record)).toBe(NO_EFFECTS);
    expect(state.streakOf(backendName('lb1'), 'gone')).toBeNull();
    expect(state.streakOf(backendName('gone'), 'tcp')).toBeNull();
  });

  test('explain looks back on ten verdicts', async () => {
    const { view, probe } = await allUp();
    for (let i = 0; i < 30; i++) probe('lb1', PASS);
    const [check] = view.backends.get(backendName('lb1'))?.checks ?? [];
    expect(check?.history.all()).toHaveLength(10);
  });
});

describe('mode', () => {
  const modes = (mode: 'check' | 'off' | 'down' | 'up') =>
    config(
      [pool('web')],
      [backend('lb1', { web: A }, { checks: [check({ mode })] }), backend('lb2', { web: B })],
    );

  test('"up" and "down" need no probe', async () => {
    const up = await started(modes('up'), { web: [B] });
    await up.clock.advance(LONG_MS);
    expect(up.pf.entries('web')).toEqual([A, B]);
    const down = await started(modes('down'), { web: [A, B] });
    await down.clock.advance(LONG_MS);
    expect(down.pf.entries('web')).toEqual([B]);
    expect(down.announcements).toEqual([
      { backend: 'lb1', from: 'unknown', to: 'down', reason: null, detail: 'by configuration' },
    ]);
  });

  test.each([[[A, B]], [[B]]])('"off" leaves a table that holds %j as it is', async (entries) => {
    const { clock, pf } = await started(modes('off'), { web: entries });
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual(entries);
  });

  test('from "off" to "check" by a reload leaves what serves in service', async () => {
    const { clock, pf, reload } = await allUp(modes('off'), { web: [A, B] });
    reload(modes('check'));
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('from "check" to "off" by a reload leaves what is out alone', async () => {
    const { clock, pf, probe, reload } = await allUp(modes('check'));
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(10);
    reload(modes('off'));
    pf.put('web', [A, B]);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
  });
});

describe("the operator's word", () => {
  test('takes effect at once and outranks health', async () => {
    const { clock, pf, say, probe } = await allUp();
    say('drain', 'lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([B]);
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    say('force-up', 'lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('drain goes on counting, so that ready puts back at once', async () => {
    const { clock, pf, say, probe } = await allUp();
    say('drain', 'lb1');
    for (let i = 0; i < 5; i++) probe('lb1', PASS);
    say('ready', 'lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('after maint a backend must rise again', async () => {
    const { clock, pf, say, probe, updates, view } = await allUp();
    say('maint', 'lb1');
    expect(updates()).toBe(1);
    expect(view.backends.get(backendName('lb1'))?.health).toBe('unknown');
    say('ready', 'lb1');
    expect(updates()).toBe(2);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
    probe('lb1', PASS);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
    probe('lb1', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('given for one membership it moves that one alone', async () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: C })]);
    const { clock, pf, say } = await allUp(both, { web: [A], mail: [C] });
    say('drain', 'web/lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([]);
    expect(pf.entries('mail')).toEqual([C]);
  });

  test('a backend is probed as long as one of its memberships is', async () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: C })]);
    const { say, updates } = await allUp(both, { web: [A], mail: [C] });
    say('maint', 'web/lb1');
    expect(updates()).toBe(0);
    say('maint', 'mail/lb1');
    expect(updates()).toBe(1);
  });

  test('expires by itself', async () => {
    const { clock, pf, say, expire, events } = await allUp();
    say('drain', 'lb1', { untilMs: clock.wallMs() + 60_000 });
    await clock.advance(59_999);
    expire();
    expect(pf.entries('web')).toEqual([B]);
    await clock.advance(1);
    expire();
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A, B]);
    expect(events.of('admin').at(-1)).toMatchObject({
      name: 'lb1',
      from: 'drain',
      to: 'ready',
      reason: 'its time is over',
    });
  });

  test.for([3_600_000, -3_600_000])(
    'keeps its time when the wall clock is stepped by %i ms, over a restart too',
    async (stepMs) => {
      const { clock, say, expire, saves, restart } = await allUp();
      say('drain', 'lb1', { untilMs: clock.wallMs() + 60_000 });
      await clock.advance(30_000);
      clock.stepWall(stepMs);
      const before = saves();
      expire();
      expect(saves()).toBe(before + 1);
      say('drain', 'lb2', { untilMs: clock.wallMs() + 60_000 });
      const next = await restart(TWO);
      await clock.advance(29_999);
      next.expire();
      expect([...next.view.overrides.keys()]).toEqual(['lb1', 'lb2']);
      await clock.advance(1);
      next.expire();
      expect([...next.view.overrides.keys()]).toEqual(['lb2']);
    },
  );

  test('outlives a restart', async () => {
    const { say, restart } = await allUp();
    say('drain', 'lb1');
    const after = await restart(TWO);
    await after.clock.advance(LONG_MS);
    for (let i = 0; i < 5; i++) after.probe('lb1', PASS);
    await after.clock.advance(LONG_MS);
    expect(after.pf.entries('web')).toEqual([B]);
    expect(after.view.overrides.get('lb1')).toMatchObject({
      state: 'drain',
      by: 'anna',
    });
  });

  test('outlives a reload, also one that leaves out the backend that it is about', async () => {
    const { say, reload, view } = await allUp();
    say('drain', 'lb1');
    reload(TWO);
    expect(view.overrides.has('lb1')).toBe(true);
    reload(config([pool('web')], [backend('lb2', { web: B })]));
    reload(TWO);
    expect(view.overrides.has('lb1')).toBe(true);
  });

  test('ready for a backend ends what was said of its memberships', async () => {
    const { clock, pf, say } = await allUp();
    say('drain', 'web/lb1');
    say('ready', 'lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A, B]);
  });
});

describe('breaches of the floor', () => {
  const floored = config(
    [pool('web', { floor: { kind: 'count', count: 1 } }), poolOf('mail')],
    [backend('lb1', { web: A, mail: C }), backend('lb2', { web: B })],
  );
  const drain = { state: 'drain', by: null, reason: null, sinceMs: 0, untilMs: null } as const;

  test('draining one of two is none, draining both or the last one is', async () => {
    const { view, say } = await allUp(floored, { web: [A, B], mail: [C] });
    expect(breachesOf(view, [scopeOf('lb1')], drain, 0)).toEqual([]);
    expect(breachesOf(view, [scopeOf('lb1'), scopeOf('lb2')], drain, 0)).toEqual([
      { pool: 'web', family: 'inet', left: 0, floor: 1 },
    ]);
    say('drain', 'lb1');
    expect(breachesOf(view, [scopeOf('web/lb2')], drain, 0)).toEqual([
      { pool: 'web', family: 'inet', left: 0, floor: 1 },
    ]);
  });

  test('asking changes nothing', async () => {
    const { clock, pf, view } = await allUp(floored, { web: [A, B], mail: [C] });
    breachesOf(view, [scopeOf('lb1'), scopeOf('lb2')], drain, 0);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    expect(view.overrides.size).toBe(0);
  });

  test('draining all while the table was not read yet is one', async () => {
    const clock = createFakeClock();
    const pf = createFakePf(clock);
    pf.put('web', [A, B]);
    pf.fault('show', { kind: 'error', error: 'hung' });
    const { view, say } = await wire(floored, { clock, pf });
    expect(breachesOf(view, [scopeOf('lb1')], drain, 0)).toEqual([]);
    say('drain', 'lb1');
    expect(breachesOf(view, [scopeOf('lb2')], drain, 0)).toEqual([
      { pool: 'web', family: 'inet', left: 0, floor: 1 },
    ]);
  });

  test('draining one while pf refuses who would make up for it is one, and done by force', async () => {
    const two = config(
      [pool('web', { floor: { kind: 'count', count: 2 } })],
      [backend('lb1', { web: A }), backend('lb2', { web: B }), backend('lb3', { web: C })],
    );
    const { clock, pf, view, say } = await allUp(two, { web: [A, B, `!${C}`] });
    expect(breachesOf(view, [scopeOf('lb1')], drain, 0)).toEqual([
      { pool: 'web', family: 'inet', left: 1, floor: 2 },
    ]);
    say('drain', 'lb1');
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B, `!${C}`]);
  });

  test('draining who is out already is none', async () => {
    const { clock, view, probe } = await allUp(floored, { web: [A, B], mail: [C] });
    for (let i = 0; i < 3; i++) probe('lb2', FAIL);
    await clock.advance(10);
    expect(breachesOf(view, [scopeOf('lb2')], drain, 0)).toEqual([]);
  });
});

describe('the floor and the fallback', () => {
  test('the last known good member is held, told of, and let go when another recovers', async () => {
    const floored = config(
      [pool('web', { floor: { kind: 'count', count: 1 } })],
      [backend('lb1', { web: A }), backend('lb2', { web: B })],
    );
    const { clock, pf, probe, events } = await allUp(floored);
    probe('lb1', PASS);
    await clock.advance(1);
    probe('lb2', PASS);
    await clock.advance(1);
    for (let i = 0; i < 3; i++) for (const name of ['lb2', 'lb1']) probe(name, FAIL);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    expect(events.of('held')).toEqual([
      { kind: 'held', pool: 'web', backend: 'lb2', addresses: [B] },
    ]);
    for (let i = 0; i < 2; i++) probe('lb1', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A]);
    expect(events.of('held').at(-1)).toMatchObject({ backend: 'lb2', addresses: [] });
  });

  test('the fallback is in before the last member leaves, and out after the first is back', async () => {
    const sorry = '10.0.0.99';
    const fallen = config([pool('web', { fallback: [sorry] })], [backend('lb1', { web: A })]);
    const { clock, pf, probe, events } = await allUp(fallen, { web: [A] });
    const seen: (readonly string[])[] = [];
    pf.onChange((_, __, after) => seen.push(after));
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(10);
    for (let i = 0; i < 2; i++) probe('lb1', PASS);
    await clock.advance(10);
    expect(seen).toEqual([[A, sorry], [sorry], [sorry, A], [A]]);
    expect(events.of('fallback').map(({ inUse }) => inUse)).toEqual([true, false]);
  });

  test('a restart before the last member has left leaves the fallback in until one is proven', async () => {
    const sorry = '10.0.0.99';
    const fallen = config([pool('web', { fallback: [sorry] })], [backend('lb1', { web: A })]);
    const { clock, pf, probe } = await started(fallen, { web: [A, sorry] });
    await clock.advance(500);
    expect(pf.entries('web')).toEqual([A, sorry]);
    probe('lb1', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A]);
  });

  test('a restart while the fallback serves leaves it in', async () => {
    const sorry = '10.0.0.99';
    const fallen = config([pool('web', { fallback: [sorry] })], [backend('lb1', { web: A })]);
    const { clock, pf } = await started(fallen, { web: [sorry] });
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([sorry]);
  });
});

describe('reload', () => {
  test('keeps health, streaks and tables', async () => {
    const { clock, pf, probe, reload, view } = await allUp();
    probe('lb1', FAIL);
    probe('lb1', FAIL);
    reload(TWO);
    expect(view.backends.get(backendName('lb1'))).toMatchObject({
      health: 'up',
      checks: [{ streak: { health: 'up', failures: 2 } }],
    });
    probe('lb1', FAIL);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('of a check that changed starts its count afresh and keeps its health', async () => {
    const { probe, reload, view } = await allUp();
    probe('lb1', FAIL);
    probe('lb1', FAIL);
    const changed = backend('lb1', { web: A }, { checks: [check({ port: 81 })] });
    reload(config([pool('web')], [changed, backend('lb2', { web: B })]));
    probe('lb1', FAIL);
    expect(view.backends.get(backendName('lb1'))).toMatchObject({
      health: 'up',
      checks: [{ streak: { health: 'up', failures: 1 } }],
    });
  });

  test('that gives a backend another address keeps it in service until it is judged', async () => {
    const { clock, pf, probe, reload, view } = await allUp();
    const moved = backend('lb1', { web: A }, { address: '10.9.9.8' });
    reload(config([pool('web')], [moved, backend('lb2', { web: B })]));
    expect(view.backends.get(backendName('lb1'))?.health).toBe('unknown');
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('that removes a backend takes it out of the table', async () => {
    const { clock, pf, reload } = await allUp(TWO, { web: [A, B, FOREIGN] });
    reload(config([pool('web')], [backend('lb2', { web: B })]));
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B, FOREIGN]);
  });

  test('that adds a backend puts it in once it has risen', async () => {
    const { clock, pf, probe, reload } = await allUp();
    reload(config([pool('web')], [...TWO.backends, backend('lb3', { web: C })]));
    probe('lb3', PASS);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    probe('lb3', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A, B, C]);
  });

  test('that names a foreign address as a member adopts it', async () => {
    const { clock, pf, reload } = await allUp(TWO, { web: [A, B, C] });
    reload(config([pool('web')], [...TWO.backends, backend('lb3', { web: C })]));
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B, C]);
  });

  test('that renames a pool on the same table moves nothing', async () => {
    const { clock, pf, reload } = await allUp();
    let changes = 0;
    pf.onChange(() => {
      changes += 1;
    });
    const renamed = TWO.backends.map(({ name }, i) => backend(name, { www: i === 0 ? A : B }));
    reload(config([pool('www', { table: 'web' })], renamed));
    await clock.advance(LONG_MS);
    expect(changes).toBe(0);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('that swaps the tables of two pools loses nobody', async () => {
    const both = (one: string, other: string) =>
      config(
        [pool('web', { table: one }), pool('mail', { table: other })],
        [backend('lb1', { web: A }), backend('lb2', { mail: B })],
      );
    const { clock, pf, reload } = await allUp(both('t1', 't2'), { t1: [A], t2: [B] });
    reload(both('t2', 't1'));
    await clock.advance(LONG_MS);
    expect(pf.entries('t1')).toEqual([B]);
    expect(pf.entries('t2')).toEqual([A]);
  });

  const moves = [
    config(
      [pool('web'), pool('mail')],
      [backend('lb1', { web: A }), backend('lb2', { web: B, mail: B })],
    ),
    config(
      [pool('web'), pool('mail')],
      [backend('lb1', { mail: A }), backend('lb2', { web: B, mail: B })],
    ),
  ] as const;

  test('that moves an up backend to another pool has it in one of the tables at any moment', async () => {
    const { clock, pf, reload } = await allUp(moves[0], { web: [A, B], mail: [B] });
    const gaps: string[] = [];
    pf.onChange((table) => {
      const held = [...(pf.entries('web') ?? []), ...(pf.entries('mail') ?? [])];
      if (!held.includes(A)) gaps.push(table);
    });
    reload(moves[1]);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
    expect(pf.entries('mail')).toEqual([A, B]);
    expect(gaps).toEqual([]);
  });

  describe('that takes a backend from one pool', () => {
    const pools = [pool('web'), pool('mail')];
    const lb2 = backend('lb2', { web: B });
    const moved = config(pools, [backend('lb1', { mail: A }), lb2, backend('lb3', { mail: C })]);

    test('to another takes it out once it is seen there, whatever else is wrong with that table', async () => {
      const first = config(pools, [backend('lb1', { web: A }), lb2, backend('lb3', { mail: C })]);
      const { clock, pf, reload } = await allUp(first, { web: [A, B], mail: [`!${C}`] });
      reload(moved);
      await clock.advance(LONG_MS);
      expect(pf.entries('mail')).toEqual([A, `!${C}`]);
      expect(pf.entries('web')).toEqual([B]);
    });

    test('and leaves it in another, takes it out though that table is in error', async () => {
      const both = config(pools, [backend('lb1', { web: A, mail: A }), lb2]);
      const { clock, pf, reload } = await allUp(both, { web: [A, B] });
      reload(config(pools, [backend('lb1', { mail: A }), lb2]));
      await clock.advance(LONG_MS);
      expect(pf.entries('web')).toEqual([B]);
    });

    test('to another that is in error leaves it in, over another reload too, until that heals', async () => {
      const first = config(pools, [backend('lb1', { web: A }), lb2]);
      const { clock, pf, reload } = await allUp(first, { web: [A, B] });
      reload(moved);
      await clock.advance(LONG_MS);
      reload(config(pools, [backend('lb1', { mail: A }), lb2]));
      await clock.advance(LONG_MS);
      expect(pf.entries('web')).toEqual([A, B]);
      pf.put('mail', []);
      await clock.advance(LONG_MS);
      expect(pf.entries('mail')).toEqual([A]);
      expect(pf.entries('web')).toEqual([B]);
    });
  });

  test('that moves a serving backend, not judged yet, to another pool keeps it in service', async () => {
    const { clock, pf, reload } = await started(moves[0], { web: [A, B], mail: [B] });
    reload(moves[1]);
    await clock.advance(LONG_MS);
    expect(pf.entries('mail')).toEqual([A, B]);
  });
});

describe('announcements', () => {
  test('are made once for each turn, over restarts too', async () => {
    const { clock, probe, announcements, restart } = await allUp();
    expect(announcements.map(({ backend, to }) => [backend, to])).toEqual([
      ['lb1', 'up'],
      ['lb2', 'up'],
    ]);
    for (let i = 0; i < 5; i++) probe('lb1', FAIL);
    await clock.advance(10);
    expect(announcements).toHaveLength(3);
    const after = await restart(TWO);
    after.probe('lb1', FAIL);
    after.probe('lb2', PASS);
    await after.clock.advance(LONG_MS);
    expect(after.announcements).toEqual([]);
    for (let i = 0; i < 2; i++) after.probe('lb1', PASS);
    expect(after.announcements).toMatchObject([{ backend: 'lb1', from: 'down', to: 'up' }]);
  });

  test('a turn while hfmd was stopped is announced from what was last said', async () => {
    const { restart } = await allUp();
    const after = await restart(TWO);
    for (let i = 0; i < 3; i++) after.probe('lb1', FAIL);
    expect(after.announcements).toMatchObject([
      { backend: 'lb1', from: 'up', to: 'down', reason: 'connect-refused' },
    ]);
  });

  test('maintenance announces nothing by itself', async () => {
    const { say, probe, announcements } = await allUp();
    const before = announcements.length;
    say('maint', 'lb1');
    say('ready', 'lb1');
    for (let i = 0; i < 2; i++) probe('lb1', PASS);
    expect(announcements).toHaveLength(before);
  });
});

test('a backend has the pools of its memberships, an unknown one has none', async () => {
  const { view } = await started();
  expect(poolsOfBackend(view, backendName('lb1'))).toEqual([poolName('web')]);
  expect(poolsOfBackend(view, backendName('unknown'))).toEqual([]);
});
