import { describe, expect, test } from 'vitest';
import { type Cleanup, createCleanup } from '../../src/connections/cleanup.ts';
import type { CleanupTask } from '../../src/connections/cleanup-task.ts';
import { poolName } from '../../src/core/names.ts';
import type { PfDriver, PfErrorKind } from '../../src/pf/driver.ts';
import type { PfState } from '../../src/pf/state-listing.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { type RecordedEvents, recordEvents } from '../fakes/events.ts';
import { createFakePf, type FakePf } from '../fakes/pf.ts';

const A = '10.1.0.1';
const B = '10.1.0.2';
const WEB = poolName('web');
const STICKY: CleanupTask = { pool: WEB, address: A, sources: 'auto', endStates: false };
const WHOLE: CleanupTask = { pool: WEB, address: A, sources: 'never', endStates: true };

interface Scene {
  readonly clock: FakeClock;
  readonly pf: FakePf;
  readonly events: RecordedEvents;
  readonly notes: string[];
  readonly cleanup: Cleanup;
  /** Every call that reads or ends something. */
  readonly calls: string[];
  /** How often it was told that the unreleased have become fewer. */
  releases: number;
  back: boolean;
  release: 'all' | 'once';
  mayEnd: 'yes' | 'no' | 'not-yet';
  trouble: PfErrorKind | null;
}

/** Stock FreeBSD 15.1 reports 0 for `-K 0/0 -K ADDRESS` and ends nothing. */
function stage(os: 'openbsd' | 'freebsd' = 'openbsd'): Scene {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  const events = recordEvents();
  const notes: string[] = [];
  const calls: string[] = [];
  const guard = <T>(what: string, work: () => T): T | Promise<never> => {
    calls.push(what);
    const { trouble } = scene;
    if (trouble === null) return work();
    return Promise.resolve({
      ok: false,
      error: { kind: trouble, message: `pf: ${trouble}` },
    }) as Promise<never>;
  };
  const driver: PfDriver = {
    ...pf,
    eachSource: (visit) => guard('list sources', () => pf.eachSource(visit)),
    endSourcesTo: (to) =>
      guard(`end to ${to}`, () =>
        os === 'openbsd' ? pf.endSourcesTo(to) : Promise.resolve({ ok: true, value: 0 } as const),
      ),
    endSourcesOf: (client) => guard(`end of ${client}`, () => pf.endSourcesOf(client)),
    eachState: (visit, options) => guard('list states', () => pf.eachState(visit, options)),
    endState: (id) => guard(`end state ${id}`, () => pf.endState(id)),
  };
  const cleanup = createCleanup({
    driver,
    clock,
    emit: events.emit,
    rules: {
      isOut: () => !scene.back,
      releaseOf: ({ sources }) => (sources === 'auto' ? scene.release : 'none'),
      mayEndStates: () => scene.mayEnd,
    },
    onReleased: () => {
      scene.releases += 1;
    },
    ownAddresses: () => new Set(['10.0.0.1']),
    problems: { note: (_, detail) => void notes.push(detail) },
  });
  const scene: Scene = {
    clock,
    pf,
    events,
    notes,
    cleanup,
    calls,
    releases: 0,
    back: false,
    release: 'all',
    mayEnd: 'yes',
    trouble: null,
  };
  return scene;
}

function clients(n: number, backend = A): { client: string; backend: string }[] {
  return Array.from({ length: n }, (_, i) => ({ client: `198.51.${i >> 8}.${i & 255}`, backend }));
}

function connection(id: number, backend = A): PfState {
  const left = { address: backend, port: 80 };
  const right = { address: '198.51.100.7', port: 5000 + id };
  const translated = { address: '192.0.2.1', port: 80 };
  const state = 'ESTABLISHED:ESTABLISHED';
  return { protocol: 'tcp', direction: 'in', left, right, translated, state, id: `${id}/8641e0ae` };
}

describe('sticky clients of an address that has left', () => {
  test('are released in one step where pf does that', async () => {
    const { clock, pf, events, cleanup, calls } = stage();
    pf.sources = [...clients(3), ...clients(2, B)];
    cleanup.add([STICKY]);
    await clock.advance(0);
    expect(pf.sources).toEqual(clients(2, B));
    expect(calls).toEqual(['list sources', `end to ${A}`, 'list sources']);
    expect(events.of('ended')).toMatchObject([
      { pool: 'web', address: A, what: 'sources', count: 3 },
    ]);
    expect(cleanup.endedOf(WEB)).toEqual({ sources: 3, states: 0 });
  });

  test('are released one by one where pf says "killed 0", not faster than the pace, and counted', async () => {
    const { clock, pf, events, cleanup, calls } = stage('freebsd');
    pf.sources = [
      ...clients(120),
      ...clients(2, B).map((one) => ({ ...one, client: '203.0.113.1' })),
    ];
    cleanup.add([STICKY]);
    await clock.advance(0);
    expect(calls.filter((call) => call.startsWith('end '))).toHaveLength(50);
    await clock.advance(249);
    expect(calls.filter((call) => call.startsWith('end '))).toHaveLength(50);
    await clock.advance(251);
    expect(pf.sources).toHaveLength(2);
    expect(events.of('ended')).toMatchObject([{ what: 'sources', count: 120 }]);
    expect(cleanup.endedOf(WEB).sources).toBe(120);
  });

  test.for(['openbsd', 'freebsd'] as const)(
    'of many addresses are released not faster than the pace either, on %s',
    async (os) => {
      const { clock, pf, cleanup, calls } = stage(os);
      const many = Array.from({ length: 120 }, (_, i) => `10.1.1.${i}`);
      pf.sources = many.map((one, i) => ({ client: `198.51.100.${i}`, backend: one }));
      cleanup.add(many.map((one) => ({ ...STICKY, address: one })));
      await clock.advance(0);
      expect(calls.filter((call) => call.startsWith('end '))).toHaveLength(50);
      await clock.advance(250);
      expect(calls.filter((call) => call.startsWith('end '))).toHaveLength(100);
      await clock.advance(5000);
      expect(pf.sources).toEqual([]);
    },
  );

  test('are not looked for where the pool says never', async () => {
    const { clock, pf, cleanup, calls } = stage();
    pf.sources = clients(1);
    cleanup.add([{ ...STICKY, sources: 'never' }]);
    await clock.advance(10_000);
    expect(calls).toEqual([]);
    expect(pf.sources).toHaveLength(1);
  });

  test('nothing is said or ended where there is none', async () => {
    const { clock, events, cleanup, calls } = stage();
    cleanup.add([STICKY]);
    await clock.advance(60_000);
    expect(calls).toEqual(['list sources']);
    expect(events.all).toEqual([]);
  });

  test('are left alone when the address is back meanwhile', async () => {
    const scene = stage();
    scene.pf.sources = clients(2);
    scene.pf.states = [connection(1)];
    scene.back = true;
    scene.cleanup.add([STICKY, WHOLE]);
    await scene.clock.advance(10_000);
    expect(scene.calls).toEqual([]);
  });

  test('are left alone when the address comes back while they are listed', async () => {
    const scene = stage();
    scene.pf.sources = clients(2);
    const { eachSource } = scene.pf;
    scene.pf.eachSource = (visit) => {
      scene.back = true;
      return eachSource.call(scene.pf, visit);
    };
    scene.cleanup.add([STICKY]);
    await scene.clock.advance(10_000);
    expect(scene.pf.sources).toHaveLength(2);
  });

  test('that pf does not give up are not counted as ended, and are tried again', async () => {
    const scene = stage('freebsd');
    scene.pf.sources = clients(2);
    const { endSourcesOf } = scene.pf;
    scene.pf.endSourcesOf = async () => ({ ok: true, value: null });
    scene.cleanup.add([STICKY]);
    await scene.clock.advance(0);
    expect(scene.events.of('ended')).toEqual([]);
    expect(scene.notes).toEqual([`2 sticky clients of ${A} can not be ended`]);
    scene.pf.endSourcesOf = endSourcesOf;
    await scene.clock.advance(5000);
    expect(scene.pf.sources).toEqual([]);
    expect(scene.events.of('ended')).toMatchObject([{ count: 2 }]);
  });
});

test('an address is unreleased until its sticky clients are', async () => {
  const scene = stage();
  scene.pf.sources = clients(2);
  scene.trouble = 'hung';
  scene.cleanup.add([STICKY, { ...WHOLE, address: B }]);
  expect(scene.cleanup.unreleased).toEqual([A]);
  await scene.clock.advance(0);
  expect(scene.cleanup.unreleased).toEqual([A]);
  expect(scene.releases).toBe(0);
  scene.trouble = null;
  await scene.clock.advance(5000);
  expect(scene.cleanup.unreleased).toEqual([]);
  expect(scene.releases).toBeGreaterThan(0);
});

test('what a stop cuts short is unreleased still', async () => {
  const scene = stage('freebsd');
  scene.pf.sources = clients(200);
  scene.cleanup.add([STICKY]);
  await scene.clock.advance(0);
  const stopped = scene.cleanup.stop();
  await scene.clock.advance(1000);
  await stopped;
  expect(scene.cleanup.unreleased).toEqual([A]);
});

describe('sticky clients of an address that serves elsewhere', () => {
  test.for(['openbsd', 'freebsd'] as const)(
    'are released once, and that they come again is no trouble, on %s',
    async (os) => {
      const scene = stage(os);
      scene.release = 'once';
      scene.pf.sources = clients(3);
      const { eachSource } = scene.pf;
      // The other pool sends a client there all the time.
      scene.pf.eachSource = (visit) => {
        scene.pf.sources = [...scene.pf.sources, { client: '203.0.113.9', backend: A }];
        return eachSource.call(scene.pf, visit);
      };
      scene.cleanup.add([STICKY]);
      await scene.clock.advance(120_000);
      expect(scene.calls.filter((call) => call === 'list sources')).toHaveLength(3);
      expect(scene.notes).toEqual([]);
      expect(scene.pf.sources.map(({ client }) => client)).not.toContain('198.51.0.0');
      expect(scene.clock.pending).toBe(0);
    },
  );
});

describe('trouble with pf', () => {
  test('is noted, and tried again until it is over', async () => {
    const scene = stage();
    scene.pf.sources = clients(2);
    scene.trouble = 'hung';
    scene.cleanup.add([STICKY]);
    await scene.clock.advance(4999);
    expect(scene.notes).toEqual(['pf: hung']);
    await scene.clock.advance(10_000);
    scene.trouble = null;
    await scene.clock.advance(5000);
    expect(scene.pf.sources).toEqual([]);
    await scene.clock.advance(60_000);
    expect(scene.clock.pending).toBe(0);
  });

  test('for want of a right is one warning that stays to be seen, and is tried again rarely', async () => {
    const scene = stage();
    scene.pf.sources = clients(2);
    scene.trouble = 'permission';
    scene.cleanup.add([STICKY]);
    await scene.clock.advance(300_000);
    expect(scene.events.of('warning')).toHaveLength(1);
    expect(scene.cleanup.warnings()).toEqual([expect.stringMatching(/pf: permission/)]);
    expect(scene.calls.length).toBeLessThan(8);
    scene.trouble = null;
    await scene.clock.advance(120_000);
    expect(scene.pf.sources).toEqual([]);
    expect(scene.cleanup.warnings()).toEqual([]);
  });

  test('with an address that leaves again and again keeps one of it', async () => {
    const scene = stage();
    scene.trouble = 'killed';
    for (let i = 0; i < 1000; i++) scene.cleanup.add([WHOLE]);
    await scene.clock.advance(0);
    scene.trouble = null;
    scene.pf.states = [connection(1)];
    scene.calls.length = 0;
    await scene.clock.advance(5000);
    expect(scene.calls).toEqual(['list states', 'end state 1/8641e0ae']);
    expect(scene.events.of('ended')).toHaveLength(1);
  });
});

describe('states', () => {
  test('are ended by id, and counted', async () => {
    const { clock, pf, events, cleanup, calls } = stage();
    pf.states = [connection(1), connection(2, B), connection(3)];
    cleanup.add([WHOLE]);
    await clock.advance(0);
    expect(calls).toEqual(['list states', 'end state 1/8641e0ae', 'end state 3/8641e0ae']);
    expect(events.of('ended')).toMatchObject([{ what: 'states', count: 2 }]);
    expect(cleanup.endedOf(WEB)).toEqual({ sources: 0, states: 2 });
  });

  test('are ended after the sticky clients, who would come back otherwise', async () => {
    const { clock, pf, cleanup, calls } = stage();
    pf.sources = clients(1);
    pf.states = [connection(1)];
    cleanup.add([{ ...WHOLE, sources: 'auto' }]);
    await clock.advance(0);
    expect(calls.indexOf(`end to ${A}`)).toBeLessThan(calls.indexOf('end state 1/8641e0ae'));
  });

  test('are left where they may not be ended', async () => {
    const scene = stage();
    scene.mayEnd = 'no';
    scene.pf.states = [connection(1)];
    scene.cleanup.add([WHOLE]);
    await scene.clock.advance(10_000);
    expect(scene.calls).toEqual([]);
    expect(scene.pf.states).toHaveLength(1);
  });

  test('wait, with nothing read meanwhile, until it is known that they may be ended', async () => {
    const scene = stage();
    scene.mayEnd = 'not-yet';
    scene.pf.states = [connection(1)];
    scene.cleanup.add([{ ...WHOLE, sources: 'auto' }]);
    await scene.clock.advance(20_000);
    expect(scene.calls).toEqual(['list sources']);
    expect(scene.notes).toEqual([]);
    scene.mayEnd = 'yes';
    await scene.clock.advance(5000);
    expect(scene.pf.states).toEqual([]);
  });

  test('that wait are let be when the address is back', async () => {
    const scene = stage();
    scene.mayEnd = 'not-yet';
    scene.pf.states = [connection(1)];
    scene.cleanup.add([WHOLE]);
    await scene.clock.advance(0);
    scene.back = true;
    await scene.clock.advance(5000);
    scene.back = false;
    scene.mayEnd = 'yes';
    await scene.clock.advance(60_000);
    expect(scene.pf.states).toHaveLength(1);
    expect(scene.clock.pending).toBe(0);
  });

  test('of more than a share are ended share by share', async () => {
    const { clock, pf, cleanup } = stage();
    pf.states = Array.from({ length: 2500 }, (_, i) => connection(i));
    cleanup.add([WHOLE]);
    await clock.advance(30_000);
    expect(pf.states).toEqual([]);
    expect(cleanup.endedOf(WEB).states).toBe(2500);
  });
});

test('a stop ends the work where it is, also within many addresses', async () => {
  const { clock, pf, cleanup, calls } = stage();
  pf.sources = Array.from({ length: 200 }, (_, i) => ({
    client: '198.51.100.7',
    backend: `10.1.1.${i}`,
  }));
  cleanup.add(pf.sources.map(({ backend }) => ({ ...STICKY, address: backend ?? '' })));
  await clock.advance(0);
  const stopped = cleanup.stop();
  await clock.advance(250);
  await stopped;
  expect(calls.filter((call) => call.startsWith('end '))).toHaveLength(50);
});

test('a stop ends the work where it is', async () => {
  const { clock, pf, cleanup } = stage('freebsd');
  pf.sources = clients(200);
  cleanup.add([STICKY]);
  await clock.advance(0);
  const stopped = cleanup.stop();
  await clock.advance(250);
  await stopped;
  const left = pf.sources.length;
  expect(left).toBeGreaterThan(100);
  await clock.advance(60_000);
  expect(pf.sources).toHaveLength(left);
});
