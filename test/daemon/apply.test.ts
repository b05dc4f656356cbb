import { expect, test } from 'vitest';
import { backendName, poolName } from '../../src/core/names.ts';
import type { PoolGoal } from '../../src/core/policy.ts';
import { applyEffects } from '../../src/daemon/apply.ts';
import { type Effects, NO_EFFECTS } from '../../src/state/effects.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { composeForTest } from '../fakes/compose.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';
import { A, FOREIGN, TWO } from './two-backends.ts';

const WEB = poolName('web');
const GOAL: PoolGoal = {
  desired: new Set(),
  untouched: new Set(),
  removable: new Map(),
  floor: new Map(),
  short: new Set(),
};
const GOALS = new Map([[WEB, GOAL]]);
const NEXT = config([pool('web')], [backend('lb1', { web: A })]);
const ANNOUNCEMENT = {
  backend: backendName('lb1'),
  from: 'up',
  to: 'down',
  reason: null,
  detail: '',
} as const;
const EVENT = { kind: 'stop' } as const;

/** What the rooms are asked to do for these effects, in order. Nothing is done. */
function asked(effects: Effects): readonly (readonly unknown[])[] {
  const clock = createFakeClock();
  const { rooms } = composeForTest(
    { clock, driver: createFakePf(clock), stateFile: '/nonexistent/state.json' },
    TWO,
  );
  const calls: (readonly unknown[])[] = [];
  const note =
    (name: string) =>
    (...args: readonly unknown[]): void =>
      void calls.push([name, ...args]);
  const { tables, store, events, cleanup, actions, firstRounds, batch, auditor, prober } = rooms;
  tables.setGoal = note('tables.setGoal');
  tables.configure = note('tables.configure');
  store.save = note('store.save');
  store.saveSoon = note('store.saveSoon');
  events.emit = note('events.emit');
  cleanup.add = note('cleanup.add');
  actions.run = note('actions.run');
  firstRounds.open = note('firstRounds.open');
  batch.add = note('batch.add');
  auditor.run = note('auditor.run');
  prober.update = note('prober.update');
  applyEffects(rooms, effects);
  return calls;
}

const TASK = { pool: 'web', address: FOREIGN, sources: 'never', endStates: false };
const RETIRED = { pool: null, address: A, sources: 'never', endStates: false };
const [LB1] = TWO.backends;

test.for<readonly [string, Partial<Effects>, readonly (readonly unknown[])[]]>([
  ['nothing', {}, []],
  ['goals', { goals: GOALS }, [['tables.setGoal', 'web', GOAL]]],
  [
    'events',
    { events: [EVENT, EVENT] },
    [
      ['events.emit', EVENT],
      ['events.emit', EVENT],
    ],
  ],
  [
    'announcements, which are saved after they are made',
    { announcements: [ANNOUNCEMENT] },
    [['actions.run', LB1, ANNOUNCEMENT], ['store.saveSoon']],
  ],
  [
    'removed addresses',
    {
      removed: [
        { pool: WEB, entries: [FOREIGN] },
        { pool: null, entries: [A] },
      ],
    },
    [
      ['cleanup.add', [TASK]],
      ['cleanup.add', [RETIRED]],
    ],
  ],
  ['what is to be on disk now', { durable: 'now' }, [['store.save']]],
  ['what is to be on disk soon', { durable: 'soon' }, [['store.saveSoon']]],
  ['other jobs', { jobsChanged: true }, [['prober.update']]],
  ['changed pools', { changedPools: [WEB] }, [['batch.add', ['web']]]],
  ['opened rounds', { openedRounds: [WEB] }, [['firstRounds.open', 'web']]],
  [
    'a configuration: one configure with its goals, and no goal for itself',
    { configured: NEXT, goals: GOALS, durable: 'soon' },
    [['tables.configure', NEXT, GOALS], ['store.save'], ['auditor.run']],
  ],
])('%s', ([, effects, expected]) => {
  expect(asked({ ...NO_EFFECTS, ...effects })).toEqual(expected);
});

test('an announcement of a backend that is not configured any more runs no action', () => {
  const announcements = [{ ...ANNOUNCEMENT, backend: backendName('gone') }];
  expect(asked({ ...NO_EFFECTS, announcements })).toEqual([]);
});

test('goals come first and the state file next: no table is touched before this turn is over', () => {
  const names = asked({
    configured: null,
    goals: GOALS,
    events: [EVENT],
    announcements: [ANNOUNCEMENT],
    removed: [{ pool: WEB, entries: [FOREIGN] }],
    durable: 'now',
    jobsChanged: true,
    changedPools: [WEB],
    openedRounds: [WEB],
  }).map(([name]) => name);
  expect(names).toEqual([
    'tables.setGoal',
    'store.save',
    'events.emit',
    'cleanup.add',
    'actions.run',
    'store.saveSoon',
    'firstRounds.open',
    'batch.add',
    'prober.update',
  ]);
});
