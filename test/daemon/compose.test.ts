import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { startRooms } from '../../src/daemon/start.ts';
import type { PfDriver } from '../../src/pf/driver.ts';
import { NOTHING_SAVED, readState, type SavedState } from '../../src/store/state-file.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { composeForTest } from '../fakes/compose.ts';
import { addresses, backend, config, pool } from '../fakes/config.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakePf } from '../fakes/pf.ts';
import { A, B, C, TWO } from './two-backends.ts';
import { FAIL, PASS, scopeOf, wire } from './wiring.ts';

const DRAIN = { state: 'drain', by: 'anna', reason: null, sinceMs: 0, untilMs: null } as const;
const WEB_ENTRY = { table: 'web', anchor: null, addresses: addresses(A, B) };

/** Rooms whose driver looks at the state file each time before pf is asked for something. */
function composed(configuration: Config) {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-compose-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const stateFile = join(folder, 'state.json');
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [A, B]);
  const found: (SavedState | null)[] = [];
  const look = (): void => {
    const log = createRecordingLog();
    found.push(existsSync(stateFile) ? readState(stateFile, clock.wallMs(), log) : null);
  };
  const { rooms, prober } = composeForTest(
    { clock, driver: watched(pf, look), stateFile },
    configuration,
  );
  return {
    ...{ clock, pf, rooms, prober, found },
    async start(): Promise<void> {
      void startRooms(rooms, clock);
      await clock.advance(0);
    },
  };
}

/** Calls `look` before each operation of a driver. */
function watched(driver: PfDriver, look: () => void): PfDriver {
  const before =
    <A extends unknown[], R>(operation: (...args: A) => R) =>
    (...args: A): R => {
      look();
      return operation.apply(driver, args);
    };
  return {
    kind: driver.kind,
    show: before(driver.show),
    add: before(driver.add),
    remove: before(driver.remove),
    replace: before(driver.replace),
    eachState: before(driver.eachState),
    tables: before(driver.tables),
    eachSource: before(driver.eachSource),
    endSourcesTo: before(driver.endSourcesTo),
    endSourcesOf: before(driver.endSourcesOf),
    endState: before(driver.endState),
  };
}

describe('before pf is asked for anything', () => {
  test('the ledger is on disk with all that is configured, at a start', async () => {
    const { found, start } = composed(TWO);
    await start();
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]).toEqual({ ...NOTHING_SAVED, ledger: [WEB_ENTRY] });
  });

  test('startRooms is called: composing alone asks nothing', async () => {
    const { clock, found } = composed(TWO);
    await clock.advance(10_000);
    expect(found).toEqual([]);
  });

  test('an override is on disk, when it changes a table', async () => {
    const { clock, pf, rooms, found, start } = composed(TWO);
    await start();
    found.length = 0;
    rooms.apply(rooms.state.override([scopeOf('lb1')], DRAIN, 'anna'));
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    expect(found[0]?.overrides).toEqual(new Map([['lb1', DRAIN]]));
  });

  test('the ledger with the new addresses and the renamed override are on disk, at a reload', async () => {
    const { clock, rooms, found, start } = composed(TWO);
    await start();
    rooms.apply(rooms.state.override([scopeOf('web/lb1')], DRAIN, 'anna'));
    await clock.advance(1000);
    found.length = 0;
    const members = [backend('lb1', { www: A }), backend('lb3', { www: C, mail: C })];
    const next = config([pool('www', { table: 'web' }), pool('mail')], members);
    rooms.apply(rooms.state.reload(next));
    await clock.advance(1000);
    expect(found.length).toBeGreaterThan(0);
    expect(found[0]?.overrides).toEqual(new Map([['www/lb1', DRAIN]]));
    expect(found[0]?.ledger).toEqual([
      { ...WEB_ENTRY, addresses: addresses(A, C, B) },
      { table: 'mail', anchor: null, addresses: addresses(C) },
    ]);
  });
});

test('a reload is one configure of the tables, with the goals of the known pools', async () => {
  const { rooms, start } = composed(TWO);
  await start();
  const { tables, state } = rooms;
  const calls: string[] = [];
  const configure = tables.configure.bind(tables);
  tables.configure = (next, goals) => {
    calls.push(`configure ${[...goals].map(([name, { desired }]) => `${name}: ${[...desired]}`)}`);
    configure(next, goals);
  };
  tables.setGoal = (name) => void calls.push(`setGoal ${name}`);
  const members = [backend('lb1', { web: A, mail: C })];
  rooms.apply(state.reload(config([pool('web'), pool('mail')], members)));
  expect(calls).toEqual([`configure web: ${A}`]);
});

test('a change of health goes all the way: pf, event, action, cleanup', async () => {
  const { clock, pf, events, announcements, rooms, probe } = await wire(TWO);
  pf.put('web', [A, B]);
  await clock.advance(5000);
  for (const name of ['lb1', 'lb2']) for (let i = 0; i < 2; i++) probe(name, PASS);
  await clock.advance(30_000);
  const removed: string[] = [];
  const add = rooms.cleanup.add;
  rooms.cleanup.add = (tasks) => {
    removed.push(...tasks.map(({ address }) => address));
    add(tasks);
  };
  for (let i = 0; i < 3; i++) probe('lb1', FAIL);
  await clock.advance(10);
  expect(pf.entries('web')).toEqual([B]);
  expect(events.of('health').at(-1)).toMatchObject({ backend: 'lb1', to: 'down' });
  expect(announcements.at(-1)).toMatchObject({ backend: 'lb1', to: 'down' });
  expect(removed).toEqual([A]);
});

describe("production's wiring is what tests use", () => {
  const sources = ['src', 'test'].flatMap((root) =>
    readdirSync(root, { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => ({ file: join(root, name), text: readFileSync(join(root, name), 'utf8') })),
  );
  const filesWith = (pattern: RegExp): string[] =>
    sources.filter(({ text }) => pattern.test(text)).map(({ file }) => file);

  test.for([
    'State.atStart(',
    'new Batch(',
    'new FirstRounds(',
    'new Reconciler(',
    'createCleanup(',
    'createActions(',
    'createAuditor(',
    'createStateWriter(',
    'createEventLog(',
    'createNodeProblems(',
  ])('no file of src but compose.ts calls %s', (call) => {
    const calls = new RegExp(`(?<!function )${call.replace('(', '\\(')}`);
    const files = filesWith(calls).filter((file) => file.startsWith('src/'));
    expect(files).toEqual(['src/daemon/compose.ts']);
  });

  test('the daemon and the one fake composition call compose, and nothing else does', () => {
    expect(filesWith(/(?<![\w.])compose\(/).filter((file) => !file.endsWith('compose.ts'))).toEqual(
      ['src/daemon/daemon.ts'],
    );
    expect(filesWith(/import \{[^}]*\bcompose\b[^}]*\} from '[./]*src\/daemon/)).toEqual([
      'test/fakes/compose.ts',
    ]);
  });

  test('every composition starts by startRooms', () => {
    expect(filesWith(/(?<!function )\bstartRooms\(/).toSorted()).toEqual([
      'src/daemon/daemon.ts',
      'test/daemon/compose.test.ts',
      'test/daemon/wiring.ts',
      'test/faults/process.ts',
    ]);
  });
});
