import { setTimeout as sleep } from 'node:timers/promises';
import { type Backends, backendAddress, startBackends } from '../backends.ts';
import { haproxyArgv } from '../haproxy.ts';
import { CHECKS, spawnHfmd } from '../hfmd.ts';
import type { Outcome, Row, Scenario } from '../row.ts';
import { Unavailable } from '../row.ts';
import type { Bench } from '../setting.ts';
import { median } from '../statistics.ts';
import { type Contender, startedAnew, stoppedBetween, takeTurns, type Window } from '../windows.ts';

const BACKENDS = 1000;
const INTERVAL_MS = 1000;
const TIMEOUT_MS = 500;
/** Fewer checks than this share of what was asked for are not what was asked for. */
const ENOUGH = 0.97;

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
      const contenders = [floorOf(bench, backends, floor)];
      const absent: Record<string, Outcome> = {};
      if (wanted.has(row.name)) contenders.push(await hfmdOf(bench, backends, row.name, check));
      for (const { name } of beside) {
        if (!wanted.has(name)) continue;
        if (bench.programs.haproxy !== null) contenders.push(haproxyOf(bench, backends, name));
        else absent[name] = { kind: 'unavailable', why: 'no haproxy on this machine' };
      }
      const windows = await takeTurns(backends, contenders, roundsOf(bench));
      const floors = windows.get(FLOOR) ?? [];
      const outcomes = [...windows]
        .filter(([name]) => name !== FLOOR)
        .map(([name, own]) => [name, ratioOf(own, floors)] as const);
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

function floorOf({ children, programs }: Bench, backends: Backends, kind: string): Contender {
  const { floor } = programs;
  if (floor === null) throw new Unavailable('no C compiler, so there is no floor');
  const targets = [backendAddress(0), BACKENDS, backends.port, INTERVAL_MS, TIMEOUT_MS].map(String);
  return startedAnew(FLOOR, () => children.start([...floor, kind, ...targets]));
}

/** Warm: all in service, and what V8 compiles late is compiled. */
async function hfmdOf(
  bench: Bench,
  backends: Backends,
  name: string,
  check: string,
): Promise<Contender> {
  const hfmd = spawnHfmd(bench, { backends: BACKENDS, port: backends.port, check });
  await hfmd.inService(BACKENDS);
  await sleep(bench.isFull ? 30_000 : 4000);
  const contender = stoppedBetween(name, hfmd.child);
  await contender.pause();
  return contender;
}

function haproxyOf(bench: Bench, backends: Backends, name: string): Contender {
  const argv = haproxyArgv(bench, { backends: BACKENDS, port: backends.port });
  return startedAnew(name, () => bench.children.start(argv));
}

function ratioOf(own: readonly Window[], floors: readonly Window[]): Outcome {
  const ratios = own.map(({ usPerCheck }, i) => usPerCheck / (floors[i]?.usPerCheck ?? Number.NaN));
  const rate = Math.min(...own.map(({ checksPerSecond }) => checksPerSecond));
  const wantedRate = (BACKENDS * 1000) / INTERVAL_MS;
  const usOf = (windows: readonly Window[]): string =>
    median(windows.map(({ usPerCheck }) => usPerCheck)).toFixed(0);
  return {
    kind: 'measured',
    figure: median(ratios),
    windows: ratios,
    faults: rate < ENOUGH * wantedRate ? [`${rate.toFixed(0)} checks/s of ${wantedRate}`] : [],
    notes: [`${usOf(own)} us a check, floor ${usOf(floors)} us`],
  };
}
