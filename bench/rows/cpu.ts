import { setTimeout as sleep } from 'node:timers/promises';
import { type Backends, backendAddress, startBackends } from '../backends.ts';
import type { Child } from '../children.ts';
import { haproxyArgv } from '../haproxy.ts';
import { spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import { ratioOf } from '../ratio.ts';
import { type Outcome, type Row, type Scenario, Unavailable } from '../row.ts';
import type { Bench } from '../setting.ts';
import { type Contender, startedAnew, stoppedBetween, takeTurns } from '../windows.ts';

const BACKENDS = 1000;
const INTERVAL_MS = 1000;
const TIMEOUT_MS = 500;
const CHECKS_PER_SECOND = (BACKENDS * 1000) / INTERVAL_MS;

const HTTP_NEW: Row = {
  name: 'http-new',
  title: 'HTTP, new connection / C floor',
  unit: 'x',
  bar: 2.6,
  dream: 1.8,
};
const HTTP_KEEPALIVE: Row = {
  name: 'http-keepalive',
  title: 'HTTP, keep-alive / C floor, new connection',
  unit: 'x',
  bar: 1.2,
  dream: 0.9,
};
const HAPROXY: Row = {
  name: 'haproxy',
  title: "HAProxy's HTTP checks / C floor",
  unit: 'x',
  bar: null,
  dream: null,
};
const TCP: Row = { name: 'tcp', title: 'TCP / C floor TCP', unit: 'x', bar: 1.9, dream: 1.4 };

export const http: Scenario = {
  rows: [HTTP_NEW, HTTP_KEEPALIVE, HAPROXY],
  async run(bench, wanted) {
    const ours = [
      [HTTP_NEW.name, CHECKS.http],
      [HTTP_KEEPALIVE.name, CHECKS.keepAlive],
    ] as const;
    const backends = await startBackends(bench);
    const floor = floorOf(bench, backends, 'http');
    const hfmds = await warmHfmds(
      bench,
      backends,
      'http',
      ours.filter(([name]) => wanted.has(name)),
    );
    const { haproxy } = bench.programs;
    if (haproxy === null || !wanted.has(HAPROXY.name)) {
      const absent: Outcome = { kind: 'unavailable', why: 'no haproxy on this machine' };
      return { ...(await measure(bench, floor, hfmds)), [HAPROXY.name]: absent };
    }
    const argv = haproxyArgv(bench, haproxy, { backends: BACKENDS, port: backends.port });
    const rival = startedAnew(
      HAPROXY.name,
      () => bench.children.start(argv),
      () => backends.checks('http'),
    );
    return measure(bench, floor, [...hfmds, rival]);
  },
};

export const tcp: Scenario = {
  rows: [TCP],
  async run(bench) {
    const backends = await startBackends(bench);
    const floor = floorOf(bench, backends, 'tcp');
    return measure(bench, floor, await warmHfmds(bench, backends, 'tcp', [[TCP.name, CHECKS.tcp]]));
  },
};

/** CPU time of a check of each contender, as a multiple of the floor's, by name. */
async function measure(
  bench: Bench,
  floor: Contender,
  contenders: readonly Contender[],
): Promise<Record<string, Outcome>> {
  const windows = await takeTurns([floor, ...contenders], roundsOf(bench));
  const ratio = ({ name }: Contender): Outcome =>
    ratioOf(windows.get(name) ?? [], windows.get(floor.name) ?? [], CHECKS_PER_SECOND);
  return Object.fromEntries(contenders.map((one) => [one.name, ratio(one)]));
}

function roundsOf({ isFull }: Bench) {
  return isFull ? { rounds: 10, windowMs: 5000 } : { rounds: 3, windowMs: 1200 };
}

function floorOf(
  { children, programs }: Bench,
  backends: Backends,
  kind: 'http' | 'tcp',
): Contender {
  const { floor } = programs;
  if (floor === null) throw new Unavailable('no C compiler, so there is no floor');
  const targets = [backendAddress(0), BACKENDS, backends.port, INTERVAL_MS, TIMEOUT_MS].map(String);
  const start = (): Child => children.start([...floor, kind, ...targets]);
  return startedAnew('floor', start, () => backends.checks(kind));
}

/** Waits until all are in service, and V8 has compiled what it compiles late. */
async function warmHfmds(
  bench: Bench,
  backends: Backends,
  kind: 'http' | 'tcp',
  checks: readonly (readonly [name: string, check: string])[],
): Promise<Contender[]> {
  const { port } = backends;
  const started = checks.map(([name, check]) => {
    return { name, hfmd: spawnHfmd(bench, { backends: BACKENDS, port, check }) };
  });
  for (const { hfmd } of started) await hfmd.inService(BACKENDS);
  await sleep(bench.isFull ? 30_000 : 4000);
  return started.map(({ name, hfmd }) =>
    stoppedBetween(name, hfmd.child, () => backends.checks(kind)),
  );
}
