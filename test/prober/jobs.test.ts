import type { Socket } from 'node:net';
import { afterEach, describe, expect, test, vi } from 'vitest';
import type { BackendConfig, Config } from '../../src/config/config.ts';
import type { ProbeRecord } from '../../src/core/probe-history.ts';
import { fail, inconclusive, pass, type Verdict } from '../../src/core/verdict.ts';
import { createNodeProblems } from '../../src/events/node-problems.ts';
import { createProbeJobs, type ProbeJobs } from '../../src/prober/jobs.ts';
import type { Job } from '../../src/scheduler/scheduler.ts';
import { wire } from '../daemon/wiring.ts';
import { address, backend, check, config, pool } from '../fakes/config.ts';
import { recordEvents } from '../fakes/events.ts';
import { createFakeExec } from '../fakes/exec.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { httpCheck, scriptCheck } from '../probes/fixtures/checks.ts';
import { answering, http200, serveTcp } from '../probes/fixtures/servers.ts';

const POOLS = [pool('web')];
const LOOPBACK = address('127.0.0.1');
const NO_ROUTE = fail('no-route', 'EHOSTUNREACH');

const opened: ProbeJobs[] = [];
afterEach(() => {
  for (const one of opened.splice(0)) one.close();
});

/** Jobs over a real state; what they do to others is recorded. */
async function createJobs(...backends: BackendConfig[]) {
  const wiring = await wire(configOf(backends));
  const { clock, rooms, view } = wiring;
  const { state, apply } = rooms;
  const { exec } = createFakeExec(clock);
  const problems = createNodeProblems(clock, recordEvents().emit);
  const log = createRecordingLog();
  const options = { keepsAlive: true };
  const soon: (readonly [string, number])[] = [];
  const recorded: (readonly [string, string, ProbeRecord])[] = [];
  const budget = { most: 10, held: 0 };
  const probeJobs = createProbeJobs({
    clock,
    runScript: exec,
    view,
    record: (name, checkName, record) => {
      recorded.push([name, checkName, record]);
      apply(state.record(name, checkName, record));
      return state.streakOf(name, checkName);
    },
    problems,
    log,
    budget,
    keepsAlive: () => options.keepsAlive,
    probeSoon: (key, inMs) => void soon.push([key, inMs]),
  });
  opened.push(probeJobs);
  return {
    ...{ wiring, clock, probeJobs, options, problems, log, soon, recorded, budget },
    jobs: (): Job[] => probeJobs.jobs(),
    reload: (...next: BackendConfig[]): void => wiring.reload(configOf(next)),
  };
}

function configOf(backends: readonly BackendConfig[]): Config {
  return config(POOLS, backends);
}

/** The job with this key; a test names one that is there. */
function jobOf(jobs: readonly Job[], key: string): Job {
  const job = jobs.find((one) => one.key === key);
  if (job === undefined) throw new Error(`no job ${key}`);
  return job;
}

function ended(verdict: Verdict): ProbeRecord {
  return { verdict, durationMs: 3, atMs: 1 };
}

const LB1 = { web: '10.0.0.1' };
const LB2 = { web: '10.0.0.2' };

describe('the jobs', () => {
  test('are one for each check that is probed, with its rhythm and its kind', async () => {
    const rhythm = { intervalMs: 9000, fastIntervalMs: 90, downIntervalMs: 900, timeoutMs: 9 };
    const checks = [
      check({ rhythm, startDelayMs: 7 }),
      scriptCheck(['/bin/true'], { name: 'script' }),
      check({ name: 'off', mode: 'off' }),
      check({ name: 'up', mode: 'up' }),
    ];
    const { jobs } = await createJobs(backend('lb1', LB1, { checks }), backend('lb2', LB2));
    expect(jobs()).toMatchObject([
      { key: 'lb1/tcp', kind: 'network', rhythm, startDelayMs: 7 },
      { key: 'lb1/script', kind: 'script' },
      { key: 'lb2/tcp', kind: 'network' },
    ]);
  });

  test('leave out a backend in maintenance, and close its probe', async () => {
    const { wiring, jobs } = await createJobs(backend('lb1', LB1), backend('lb2', LB2));
    const close = vi.spyOn(jobOf(jobs(), 'lb1/tcp').probe, 'close');
    wiring.setOverride('maint', 'lb1');
    expect(jobs().map(({ key }) => key)).toEqual(['lb2/tcp']);
    expect(close).toHaveBeenCalledOnce();
    wiring.setOverride('ready', 'lb1');
    expect(jobs().map(({ key }) => key)).toEqual(['lb1/tcp', 'lb2/tcp']);
  });
});

describe('a probe', () => {
  test('stays as long as its check stays the same', async () => {
    const { jobs, reload } = await createJobs(backend('lb1', LB1));
    const { probe } = jobOf(jobs(), 'lb1/tcp');
    const close = vi.spyOn(probe, 'close');
    reload(backend('lb1', LB1), backend('lb2', LB2));
    expect(jobOf(jobs(), 'lb1/tcp').probe).toBe(probe);
    expect(close).not.toHaveBeenCalled();
  });

  test.each([
    ['check', backend('lb1', LB1, { checks: [check({ port: 81 })] })],
    ['address', backend('lb1', LB1, { address: '10.9.9.8' })],
  ])('is replaced and closed when the %s has changed', async (_, changed) => {
    const { jobs, reload } = await createJobs(backend('lb1', LB1));
    const { probe } = jobOf(jobs(), 'lb1/tcp');
    const close = vi.spyOn(probe, 'close');
    reload(changed);
    expect(jobOf(jobs(), 'lb1/tcp').probe).not.toBe(probe);
    expect(close).toHaveBeenCalledOnce();
  });

  test('is closed with all others when probing ends', async () => {
    const { jobs, probeJobs } = await createJobs(backend('lb1', LB1), backend('lb2', LB2));
    const closed = jobs().map(({ probe }) => vi.spyOn(probe, 'close'));
    probeJobs.close();
    expect(closed.map(({ mock }) => mock.calls.length)).toEqual([1, 1]);
  });
});

test('a connection is kept alive only while there are descriptors for it', async () => {
  const server = await serveTcp(answering(http200(), () => {}));
  const http = httpCheck(`http://127.0.0.1:${server.port}/`, { name: 'http', keepAlive: true });
  const { jobs, options } = await createJobs(backend('lb1', LB1, { checks: [http] }));
  const probeTwice = async (): Promise<void> => {
    const { probe } = jobOf(jobs(), 'lb1/http');
    for (let i = 0; i < 2; i++) expect(await runProbe(probe)).toMatchObject({ kind: 'pass' });
  };
  await probeTwice();
  expect(server.accepted()).toBe(1);
  options.keepsAlive = false;
  await probeTwice();
  expect(server.accepted()).toBe(3);
});

describe('the outcome of a probe', () => {
  test('is counted for its check, and its streak goes back to the scheduler', async () => {
    const { jobs, recorded } = await createJobs(backend('lb1', LB1));
    const record = ended(pass('connected'));
    const streak = jobOf(jobs(), 'lb1/tcp').record(record);
    expect(streak).toEqual({ health: 'unknown', passes: 1, failures: 0 });
    expect(recorded).toEqual([['lb1', 'tcp', record]]);
  });

  test('is nothing where the check is gone', async () => {
    const { jobs, reload } = await createJobs(backend('lb1', LB1));
    const job = jobOf(jobs(), 'lb1/tcp');
    reload(backend('lb2', LB2));
    expect(job.record(ended(pass('connected')))).toBeNull();
  });

  test('is logged at debug', async () => {
    const { jobs, log } = await createJobs(backend('lb1', LB1));
    jobOf(jobs(), 'lb1/tcp').record(ended(fail('connect-refused', 'refused')));
    expect(log.lines).toEqual([
      {
        level: 'debug',
        message: 'lb1/tcp: fail',
        fields: {
          ...{ backend: 'lb1', check: 'tcp', durationMs: 3 },
          ...{ kind: 'fail', reason: 'connect-refused', detail: 'refused' },
        },
      },
    ]);
  });

  test('is a problem of this node where this node was at fault', async () => {
    const { jobs, problems } = await createJobs(backend('lb1', LB1));
    const { record } = jobOf(jobs(), 'lb1/tcp');
    record(ended(pass('connected')));
    record(ended(fail('connect-refused', 'refused')));
    record(ended(inconclusive('script-unknown', 'UNKNOWN')));
    expect(problems.active).toEqual([]);
    record(ended(inconclusive('no-descriptors', 'none left')));
    expect(problems.active).toMatchObject([
      { kind: 'no-descriptors', detail: 'lb1/tcp: none left', count: 1 },
    ]);
  });

  test('keeps a problem of this node open until the slowest next probe could see it', async () => {
    const rhythm = { intervalMs: 60_000, fastIntervalMs: 1, downIntervalMs: 1, timeoutMs: 1000 };
    const slow = backend('lb1', LB1, { checks: [check({ rhythm })] });
    const { clock, jobs, problems } = await createJobs(slow);
    jobOf(jobs(), 'lb1/tcp').record(ended(inconclusive('stalled', 'paused')));
    await clock.advance(61_000);
    problems.sweep();
    expect(problems.active).toHaveLength(1);
    await clock.advance(15_000);
    problems.sweep();
    expect(problems.active).toEqual([]);
  });
});

describe('no route', () => {
  test('is inconclusive where it is what most backends meet, and counted so', async () => {
    const { jobs, recorded } = await createJobs(backend('lb1', LB1), backend('lb2', LB2));
    jobOf(jobs(), 'lb1/tcp').record(ended(NO_ROUTE));
    expect(recorded[0]?.[2].verdict).toMatchObject({ kind: 'inconclusive', reason: 'no-route' });
  });

  test('is a failure where all other backends are probed by scripts', async () => {
    const { jobs, recorded } = await createJobs(backend('lb1', LB1), scripted('lb2'));
    jobOf(jobs(), 'lb1/tcp').record(ended(NO_ROUTE));
    expect(recorded[0]?.[2].verdict).toBe(NO_ROUTE);
  });

  test('is not disproved by scripts that pass', async () => {
    const scripts = ['lb3', 'lb4', 'lb5'];
    const { clock, jobs, recorded } = await createJobs(
      ...[backend('lb1', LB1), backend('lb2', LB2), ...scripts.map(scripted)],
    );
    const now = jobs();
    jobOf(now, 'lb1/tcp').record(ended(NO_ROUTE));
    await clock.advance(100);
    for (const name of scripts) jobOf(now, `${name}/a-check`).record(ended(pass('exit 0')));
    await clock.advance(100);
    jobOf(now, 'lb1/tcp').record(ended(NO_ROUTE));
    expect(recorded.at(-1)?.[2].verdict).toMatchObject({ kind: 'inconclusive' });
  });
});

function scripted(name: string): BackendConfig {
  return backend(name, {}, { checks: [scriptCheck(['/bin/true'])] });
}

describe('an idle connection', () => {
  const watched = (port: number): BackendConfig =>
    backend('lb1', LB1, { checks: [check({ address: LOOPBACK, port, watch: true })] });

  test('is held after a pass, and its end has the check probed at once', async () => {
    const sockets: Socket[] = [];
    const { port } = await serveTcp((socket) => void sockets.push(socket));
    const { jobs, probeJobs, soon } = await createJobs(watched(port));
    const job = jobOf(jobs(), 'lb1/tcp');
    expect(probeJobs.isWatched('lb1/tcp')).toBe(false);
    job.record(ended(pass('connected')));
    await vi.waitFor(() => expect(probeJobs.isWatched('lb1/tcp')).toBe(true));
    await vi.waitFor(() => expect(sockets).toHaveLength(1));
    sockets[0]?.destroy();
    await vi.waitFor(() => expect(soon).toEqual([['lb1/tcp', 0]]));
  });

  test('is closed when its check is probed no more', async () => {
    const server = await serveTcp(() => {});
    const { wiring, jobs, probeJobs, budget } = await createJobs(watched(server.port));
    jobOf(jobs(), 'lb1/tcp').record(ended(pass('connected')));
    await vi.waitFor(() => expect(server.open()).toBe(1));
    wiring.setOverride('maint', 'lb1');
    jobs();
    expect([probeJobs.isWatched('lb1/tcp'), budget.held]).toEqual([null, 0]);
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  test('is wanted by no check that does not ask for one', async () => {
    const { jobs, probeJobs } = await createJobs(backend('lb1', LB1));
    jobOf(jobs(), 'lb1/tcp').record(ended(pass('connected')));
    expect([probeJobs.isWatched('lb1/tcp'), probeJobs.isWatched('lb9/tcp')]).toEqual([null, null]);
  });
});
