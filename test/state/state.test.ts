import { describe, expect, test } from 'vitest';
import { backendName, poolName } from '../../src/core/names.ts';
import { NO_EFFECTS } from '../../src/state/effects.ts';
import { State } from '../../src/state/state.ts';
import { FAIL, INCONCLUSIVE, PASS } from '../daemon/wiring.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config, pool } from '../fakes/config.ts';
import {
  A,
  allUp,
  B,
  C,
  DRAIN,
  FOREIGN,
  goalIn,
  MAINT,
  NOTHING,
  ROUND_MS,
  readTables,
  TWO,
} from './read-tables.ts';

const WEB = poolName('web');
const LB1 = backendName('lb1');
const LB2 = backendName('lb2');

describe('start', () => {
  test('announces what the configuration alone decides', () => {
    const down = config([], [backend('lb1', {}, { checks: [check({ mode: 'down' })] })]);
    const state = State.atStart(createFakeClock(), down, NOTHING);
    expect(state.start()).toEqual({
      ...NO_EFFECTS,
      announcements: [
        { backend: 'lb1', from: 'unknown', to: 'down', reason: null, detail: 'by configuration' },
      ],
      durable: 'soon',
    });
  });

  test('announces nothing that was announced before the restart', () => {
    const down = config([], [backend('lb1', {}, { checks: [check({ mode: 'down' })] })]);
    const announced = new Map([['lb1', 'down' as const]]);
    const state = State.atStart(createFakeClock(), down, { ...NOTHING, announced });
    expect(state.start()).toEqual(NO_EFFECTS);
  });
});

describe('record', () => {
  test('the first verdict decides at once where it agrees with the tables', () => {
    const { state, probe } = readTables(TWO, { web: [A] });
    probe('lb1', PASS);
    probe('lb2', FAIL);
    expect(state.view.backends.get(LB1)?.health).toBe('up');
    expect(state.view.backends.get(LB2)?.health).toBe('down');
  });

  test('where one of two tables holds a backend its first verdict counts as usual', () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: B })]);
    const { state, probe } = readTables(both, { web: [A], mail: [] });
    probe('lb1', FAIL, 2);
    expect(state.view.backends.get(LB1)?.health).toBe('unknown');
    probe('lb1', FAIL);
    expect(state.view.backends.get(LB1)?.health).toBe('down');
  });

  test('where a table could not be read the first verdict counts as usual', () => {
    const { state, probe } = readTables(TWO, {});
    probe('lb1', FAIL);
    probe('lb2', PASS);
    const healths = [...state.view.backends.values()].map(({ health }) => health);
    expect(healths).toEqual(['unknown', 'unknown']);
  });

  test('a verdict that changes no health has no effects', () => {
    const { probe } = allUp();
    expect(probe('lb1', FAIL, 2)).toBe(NO_EFFECTS);
    expect(probe('lb1', INCONCLUSIVE)).toBe(NO_EFFECTS);
    expect(probe('lb1', PASS)).toBe(NO_EFFECTS);
  });

  test('a change of health changes the pools of the backend and sets no goal yet', () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: C })]);
    const { probe } = allUp(both, { web: [A], mail: [C] });
    expect(probe('lb1', FAIL, 3)).toMatchObject({
      changedPools: ['web', 'mail'],
      goals: new Map(),
      durable: 'soon',
      jobsChanged: false,
    });
  });

  test('a passing backend that is up is known good as of now', () => {
    const { clock, state, probe } = allUp();
    clock.stall(500);
    probe('lb1', PASS);
    expect(state.view.backends.get(LB1)?.lastGoodMs).toBe(clock.monotonicMs());
    const goodMs = clock.monotonicMs();
    clock.stall(500);
    probe('lb1', FAIL);
    expect(state.view.backends.get(LB1)?.lastGoodMs).toBe(goodMs);
  });

  test('a verdict of a check that is gone counts for nothing', () => {
    const { state } = allUp();
    const record = { verdict: FAIL, durationMs: 1, atMs: 0 };
    expect(state.record(LB1, 'gone', record)).toBe(NO_EFFECTS);
    expect(state.record(backendName('gone'), 'tcp', record)).toBe(NO_EFFECTS);
    expect(state.streakOf(LB1, 'gone')).toBeNull();
    expect(state.streakOf(backendName('gone'), 'tcp')).toBeNull();
  });

  test('the state keeps the last ten verdicts for explain', () => {
    const { state, probe } = allUp();
    probe('lb1', PASS, 30);
    const [one] = state.view.backends.get(LB1)?.checks ?? [];
    expect(one?.history.all()).toHaveLength(10);
  });
});

describe('tableRead', () => {
  test('the first reading adopts what the table holds and opens the first round', () => {
    const { clock, state, read } = readTables(TWO, {});
    const effects = read('web', [A, FOREIGN]);
    expect(goalIn(effects)).toEqual([A]);
    expect(effects.openedRounds).toEqual(['web']);
    expect(state.view.pools.get(WEB)?.roundEndsMs).toBe(clock.monotonicMs() + 2500);
  });

  test('the first reading reports configured addresses that are out', () => {
    const { read } = readTables(TWO, {});
    expect(read('web', [A]).removed).toEqual([{ pool: 'web', entries: [B] }]);
  });

  test('an unchanged reading has no effects', () => {
    const { read } = allUp();
    expect(read('web', [A, B])).toBe(NO_EFFECTS);
    expect(read('web', [B, A])).toBe(NO_EFFECTS);
  });

  test('a changed reading sets the goal again', () => {
    const { read } = allUp();
    const effects = read('web', [A, FOREIGN]);
    expect(goalIn(effects)).toEqual([A, B]);
    expect(effects.openedRounds).toEqual([]);
  });

  test('a table that could not be read stays as it was last known', () => {
    const { state, read } = allUp();
    expect(read('web', null)).toBe(NO_EFFECTS);
    expect(state.view.pools.get(WEB)?.actual).toEqual(new Set([A, B]));
  });

  test('what pf was asked to change is known although nothing was read', () => {
    const { state } = allUp();
    const asked = new Set([A]);
    expect(state.tableRead(WEB, { entries: null, asked, removed: [] })).toBe(NO_EFFECTS);
    expect(state.view.pools.get(WEB)?.asked).toBe(asked);
  });

  test('what has left a table is reported, also of a table that left the configuration', () => {
    const { state, read } = allUp();
    expect(read('web', [A, B], [FOREIGN])).toEqual({
      ...NO_EFFECTS,
      removed: [{ pool: 'web', entries: [FOREIGN] }],
    });
    expect(state.tableRead(null, { entries: [], asked: new Set(), removed: [A] })).toEqual({
      ...NO_EFFECTS,
      removed: [{ pool: null, entries: [A] }],
    });
  });

  test('a reading of a table that left the configuration has no effects', () => {
    const { state } = allUp();
    expect(state.tableRead(null, { entries: [A], asked: new Set(), removed: [] })).toBe(NO_EFFECTS);
  });
});

describe('decide', () => {
  test('sets the goal of the given pools alone', () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: C })]);
    const { state, probe } = allUp(both, { web: [A], mail: [C] });
    probe('lb1', FAIL, 3);
    const effects = state.decide([WEB]);
    expect([goalIn(effects), goalIn(effects, 'mail')]).toEqual([[], null]);
  });

  test('has no goal for a table that was not read, and none for an unknown pool', () => {
    const { state } = readTables(TWO, {});
    expect(state.decide([WEB, poolName('unknown')]).goals).toEqual(new Map());
  });
});

describe('endFirstRound', () => {
  test('a member that is down leaves then, although another has no verdict', () => {
    const { clock, state, probe } = readTables();
    probe('lb1', FAIL, 3);
    expect(goalIn(state.decide([WEB]))).toEqual([A, B]);
    // Early, as a timer may be.
    clock.stall(2499);
    expect(goalIn(state.decide([WEB]))).toEqual([A, B]);
    expect(goalIn(state.endFirstRound({ table: 'web', anchor: null }))).toEqual([B]);
    expect(goalIn(state.decide([WEB]))).toEqual([B]);
  });

  test('of a table that no pool has any more has no goal', () => {
    const { state } = readTables();
    expect(state.endFirstRound({ table: 'gone', anchor: null })).toEqual(NO_EFFECTS);
  });
});

describe('override', () => {
  test('is to be on disk now, with its event and the goal of each of its pools', () => {
    const { override } = allUp();
    const effects = override('lb1', DRAIN);
    expect(effects).toMatchObject({
      durable: 'now',
      jobsChanged: false,
      events: [
        {
          kind: 'admin',
          name: 'lb1',
          from: 'ready',
          to: 'drain',
          by: 'anna',
          reason: 'a test',
          untilMs: null,
        },
      ],
    });
    expect(goalIn(effects)).toEqual([B]);
  });

  test('of one membership sets the goal of that pool alone', () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: C })]);
    const { override } = allUp(both, { web: [A], mail: [C] });
    const effects = override('web/lb1', DRAIN);
    expect([goalIn(effects), goalIn(effects, 'mail')]).toEqual([[], null]);
  });

  test('a backend is probed as long as one of its memberships is', () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: C })]);
    const { override } = allUp(both, { web: [A], mail: [C] });
    expect(override('web/lb1', MAINT).jobsChanged).toBe(false);
    expect(override('mail/lb1', MAINT).jobsChanged).toBe(true);
  });

  test('maint forgets the evidence', () => {
    const { state, override } = allUp();
    expect(override('lb1', MAINT).jobsChanged).toBe(true);
    expect(state.view.backends.get(LB1)).toMatchObject({
      health: 'unknown',
      checks: [{ streak: { health: 'unknown', passes: 0, failures: 0 } }],
    });
    expect(override('lb1', null).jobsChanged).toBe(true);
  });

  test('waits for the first reading of a table', () => {
    const { override, read } = readTables(TWO, {});
    const effects = override('lb1', DRAIN);
    expect([effects.durable, goalIn(effects)]).toEqual(['now', null]);
    expect(goalIn(read('web', [A, B]))).toEqual([B]);
  });
});

describe('expire', () => {
  test('ends an override at its time and not a millisecond before', () => {
    const { clock, state, override } = allUp();
    override('lb1', { ...DRAIN, untilMs: clock.wallMs() + 60_000 });
    clock.stall(59_999);
    expect(state.expire()).toEqual(NO_EFFECTS);
    clock.stall(1);
    const effects = state.expire();
    expect(effects).toMatchObject({
      durable: 'now',
      events: [{ kind: 'admin', name: 'lb1', to: 'ready', by: null, reason: 'its time is over' }],
    });
    expect(goalIn(effects)).toEqual([A, B]);
  });

  test('saves the ends that a step of the wall clock has moved', () => {
    const { clock, state, override } = allUp();
    const untilMs = clock.wallMs() + 60_000;
    override('lb1', { ...DRAIN, untilMs });
    clock.stepWall(3_600_000);
    expect(state.expire()).toEqual({ ...NO_EFFECTS, durable: 'now' });
    expect(state.view.overrides.get('lb1')?.untilMs).toBe(untilMs + 3_600_000);
    expect(state.expire()).toEqual(NO_EFFECTS);
  });
});

describe('reload', () => {
  test('is a configuration with the goals of the pools whose tables are known', () => {
    const { state } = allUp();
    const next = config([pool('web'), pool('mail')], [backend('lb2', { web: B, mail: C })]);
    const effects = state.reload(next);
    expect(effects).toMatchObject({ configured: next, jobsChanged: true, durable: 'soon' });
    expect([goalIn(effects), goalIn(effects, 'mail')]).toEqual([[B], null]);
    expect(state.view.config).toBe(next);
  });

  test('announces the health that a mode gives', () => {
    const { state } = allUp();
    const down = backend('lb1', { web: A }, { checks: [check({ mode: 'down' })] });
    const { events, announcements } = state.reload(config([pool('web')], [down]));
    expect(events).toMatchObject([{ kind: 'health', backend: 'lb1', from: 'up', to: 'down' }]);
    expect(announcements).toMatchObject([{ backend: 'lb1', from: 'up', to: 'down' }]);
  });

  test('that renames a pool with an override is to be on disk now', () => {
    const { state, override } = allUp();
    override('web/lb1', DRAIN);
    const renamed = config([pool('www', { table: 'web' })], [backend('lb1', { www: A })]);
    expect(state.reload(renamed).durable).toBe('now');
    expect([...state.view.overrides.keys()]).toEqual(['www/lb1']);
  });
});

describe('copy', () => {
  test('a reload of the copy leaves the state alone', () => {
    const { state, override } = allUp();
    override('lb1', DRAIN);
    const before = { ...state.view };
    const copy = state.copy();
    expect(copy.view).toEqual(before);
    const effects = copy.reload(config([pool('web')], [backend('lb2', { web: B })]));
    expect(goalIn(effects)).toEqual([B]);
    expect(state.view).toEqual(before);
    expect(state.view.config).toBe(TWO);
  });

  test('what follows the reload of the copy leaves the state alone too', () => {
    const { clock, state } = allUp();
    const copy = state.copy();
    copy.reload(config([pool('web')], [backend('lb1', { web: [A, C] })]));
    for (let i = 0; i < 3; i++) {
      copy.record(LB1, 'tcp', { verdict: FAIL, durationMs: 1, atMs: clock.wallMs() });
    }
    copy.decide([WEB]);
    expect(copy.view.backends.get(LB1)?.health).toBe('down');
    expect(state.view.backends.get(LB1)?.health).toBe('up');
    expect([...(state.view.pools.get(WEB)?.outcome?.desired ?? [])]).toEqual([A, B]);
  });
});

test('a new state begins with the overrides and announcements that the last one left', () => {
  const { clock, state, override, probe } = allUp();
  override('lb2', DRAIN);
  probe('lb1', FAIL, 3);
  const announced = new Map([
    ['lb1', 'down'],
    ['lb2', 'up'],
  ] as const);
  const next = State.atStart(clock, TWO, { overrides: state.view.overrides, announced });
  expect([...next.view.overrides]).toEqual([['lb2', DRAIN]]);
  expect([...next.view.backends.values()].map((one) => one.announced)).toEqual(['down', 'up']);
  clock.stall(ROUND_MS);
  const reading = { entries: [A, B], asked: new Set<string>(), removed: [] };
  expect(goalIn(next.tableRead(WEB, reading))).toEqual([A]);
});
