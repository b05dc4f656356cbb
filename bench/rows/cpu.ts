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

const HAPROXY: Row = {
  name: 'haproxy',
  title: "HAProxy's HTTP checks / C floor",
  unit: 'x',
  bar: null,
  dream: null,
};

export const httpNew = cpuScenario({
  row: {
    name: 'http-new',
    title: 'HTTP, new connection / C floor',
    unit: 'x',
    bar: 2.6,
    dream: 1.8,
  },
  check: CHECKS.http,
  floor: 'http',
  beside: [HAPROXY],
});

export const httpKeepAlive = cpuScenario({
  row: {
    name: 'http-keepalive',
    title: 'HTTP, keep-alive / C floor, new',
    unit: 'x',
    bar: 1.2,
    dream: 0.9,
  },
  check: CHECKS.keepAlive,
  floor: 'http',
  beside: [],
});

export const tcp = cpuScenario({
  row: { name: 'tcp', title: 'TCP / C floor TCP', unit: 'x', bar: 1.9, dream: 1.4 },
  check: CHECKS.tcp,
  floor: 'tcp',
  beside: [],
});

interface CpuRow {
  readonly row: Row;
  readonly check: string;
  readonly floor: 'http' | 'tcp';
  readonly beside: readonly Row[];
}

/** CPU time a check against the floor, in windows that take turns. */
function cpuScenario({ row, check, floor, beside }: CpuRow): Scenario {
  return {
    rows: [row, ...beside],
    async run(bench, wanted) {
      const backends = await startBackends(bench);
      const count = (): Promise<number> => backends.checks(floor);
      const contenders = [floorOf(bench, backends, floor)];
      const absent: Record<string, Outcome> = {};
      if (wanted.has(row.name)) {
        contenders.push(stoppedBetween(row.name, await warmHfmd(bench, backends, check), count));
      }
      for (const { name } of beside) {
        if (!wanted.has(name)) continue;
        if (bench.programs.haproxy === null) {
          absent[name] = { kind: 'unavailable', why: 'no haproxy on this machine' };
          continue;
        }
        const argv = haproxyArgv(bench, { backends: BACKENDS, port: backends.port });
        contenders.push(startedAnew(name, () => bench.children.start(argv), count));
      }
      const windows = await takeTurns(contenders, roundsOf(bench));
      const floors = windows.get(FLOOR) ?? [];
      const outcomes = [...windows]
        .filter(([name]) => name !== FLOOR)
        .map(([name, own]) => [name, ratioOf(own, floors, CHECKS_PER_SECOND)] as const);
      return { ...absent, ...Object.fromEntries(outcomes) };
    },
  };
}

function roundsOf({ isFull }: Bench) {
  return isFull
    ? { rounds: 10, settleMs: 2000, windowMs: 5000 }
    : { rounds: 4, settleMs: 1200, windowMs: 1500 };
}

const FLOOR = 'floor';

function floorOf(
  { children, programs }: Bench,
  backends: Backends,
  kind: 'http' | 'tcp',
): Contender {
  const { floor } = programs;
  if (floor === null) throw new Unavailable('no C compiler, so there is no floor');
  const targets = [backendAddress(0), BACKENDS, backends.port, INTERVAL_MS, TIMEOUT_MS].map(String);
  const start = (): Child => children.start([...floor, kind, ...targets]);
  return startedAnew(FLOOR, start, () => backends.checks(kind));
}

/** All in service, and what V8 compiles late is compiled. */
async function warmHfmd(bench: Bench, { port }: Backends, check: string): Promise<Child> {
  const hfmd = spawnHfmd(bench, { backends: BACKENDS, port, check });
  await hfmd.inService(BACKENDS);
  await sleep(bench.isFull ? 30_000 : 4000);
  return hfmd.child;
}
