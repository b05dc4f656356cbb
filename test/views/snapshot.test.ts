import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { backendName } from '../../src/core/names.ts';
import { type Daemon, startDaemon } from '../../src/daemon/daemon.ts';
import { EngineMeter } from '../../src/metrics/engine-meter.ts';
import type { StateView } from '../../src/state/view.ts';
import { createSlices, type Slices } from '../../src/sys/slices.ts';
import { takeSnapshot } from '../../src/views/snapshot.ts';
import { statusView } from '../../src/views/status-view.ts';
import { PASS } from '../daemon/wiring.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config, pool } from '../fakes/config.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { createFakePf } from '../fakes/pf.ts';
import { createManualProber, type ManualProber } from '../fakes/prober.ts';

const MEMBERS = 3000;
const DRAINED = 2000;
const FIRST = backendName('n0');
const DRAIN = { state: 'drain', by: null, reason: null, sinceMs: 0, untilMs: null } as const;

/** A daemon whose pool `web` has 3000 members, all in service. */
async function daemonOfMany(): Promise<{ daemon: Daemon; prober: ManualProber }> {
  const prober = createManualProber();
  const folder = mkdtempSync(join(tmpdir(), 'hfm-snapshot-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const clock = createFakeClock();
  const driver = createFakePf(clock);
  const up = { checks: [check({ mode: 'up' })] };
  const members = Array.from({ length: MEMBERS }, (_, i) => {
    return backend(`n${i}`, { web: `10.1.${i >> 8}.${i & 255}` }, up);
  });
  const many = config([pool('web')], members);
  driver.put(
    'web',
    members.flatMap(({ memberships }) => memberships.flatMap(({ addresses }) => addresses)),
  );
  const starting = startDaemon(
    {
      ...{ clock, driver, log: createRecordingLog(), meter: new EngineMeter(clock) },
      exec: () => Promise.reject(new Error('no backend has an action')),
      ownAddresses: () => new Set(),
      carpAddresses: () => Promise.resolve(new Set()),
      openProber: prober.open,
    },
    { ...many, daemon: { ...many.daemon, stateFile: join(folder, 'state.json') } },
  );
  await clock.advance(0);
  return { daemon: await starting, prober };
}

/** Slices of one item each, as on a very slow machine. `between` runs in the turn before each item. */
function slowSlices(between: (items: number) => void): Slices {
  let nowMs = 0;
  let items = 0;
  const slices = createSlices({
    monotonicMs() {
      nowMs += 2;
      return nowMs;
    },
  });
  return {
    map: (all, work) =>
      slices.map(all, (item) => {
        between(items);
        items += 1;
        return work(item);
      }),
  };
}

test('status agrees with itself though 2000 of 3000 backends are drained while it is written', async () => {
  const { daemon } = await daemonOfMany();
  const slices = slowSlices((items) => {
    if (items !== 1) return;
    const scopes = Array.from({ length: DRAINED }, (_, i) => {
      return { backend: backendName(`n${i}`), pool: null };
    });
    daemon.override(scopes, DRAIN, null);
  });
  const status = await statusView(daemon, takeSnapshot(daemon), 'fw1', slices);
  // The drain was in force before the second of the 3000 backends was written.
  expect(daemon.view.overrides.size).toBe(DRAINED);
  const [web] = status.pools;
  expect(web?.desired).toHaveLength(MEMBERS);
  expect(web?.in_service).toBe(web?.desired?.length);
  const inService = status.backends.flatMap(({ pools }) => pools.filter((one) => one.in_service));
  expect(inService).toHaveLength(MEMBERS);
  const admins = new Set(status.backends.map(({ admin }) => admin.state));
  expect(admins).toEqual(new Set(['ready']));
  expect(web?.actual).toHaveLength(MEMBERS);
  const after = await statusView(
    daemon,
    takeSnapshot(daemon),
    'fw1',
    slowSlices(() => {}),
  );
  expect(after.pools[0]?.in_service).toBe(MEMBERS - DRAINED);
  expect(after.pools[0]?.desired).toHaveLength(MEMBERS - DRAINED);
  await daemon.stop();
});

test('a check shows the last probe before the snapshot, though another has ended since', async () => {
  const { daemon, prober } = await daemonOfMany();
  const { state } = takeSnapshot(daemon);
  const record = { verdict: PASS, durationMs: 1, atMs: 1 };
  prober.record(FIRST, 'tcp', record);
  const lastIn = ({ backends }: StateView) => backends.get(FIRST)?.checks[0]?.history.last;
  expect(lastIn(daemon.view)).toEqual(record);
  expect(lastIn(state)).toBeNull();
  await daemon.stop();
});
