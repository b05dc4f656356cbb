import { setTimeout as sleep } from 'node:timers/promises';
import { type Backends, backendAddress, startBackends } from '../backends.ts';
import { followHealth, type HealthEvents, within } from '../health-events.ts';
import { spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import type { Row, Scenario } from '../row.ts';
import type { Bench } from '../setting.ts';
import { percentile } from '../statistics.ts';
import { nowMs, until } from '../time.ts';

const BACKENDS = 20;
const FAST_MS = 10;
const FALL = 3;
const CAP_MS = 20_000;

const ROW: Row = {
  name: 'watch',
  title: 'death to down with watch, beyond (fall - 1) x fast_interval, p99',
  unit: 'ms',
  bar: 10,
  dream: 3,
};

/** Backends with a process each, which are killed one by one. */
export const watch: Scenario = {
  rows: [ROW],
  async run(bench) {
    const { port } = await startBackends(bench, { listening: false });
    const start = (i: number): Promise<Backends> => startOne(bench, i, port);
    const backends = await Promise.all(Array.from({ length: BACKENDS }, (_, i) => start(i)));
    const hfmd = spawnHfmd(bench, {
      backends: BACKENDS,
      port,
      check: `${CHECKS.tcp}\nwatch = true`,
      defaults: `interval = "1s"\nfast_interval = "${FAST_MS}ms"\ndown_interval = "200ms"\ntimeout = "200ms"\nfall = ${FALL}`,
      pool: 'min_in_service = 0',
    });
    await hfmd.inService(BACKENDS);
    const events = followHealth(hfmd);
    const times: number[] = [];
    for (let round = 0; round < (bench.isFull ? 10 : 3); round++) {
      await hfmd.inService(BACKENDS);
      await Promise.all(backends.map(untilWatched));
      for (const [i, one] of backends.entries()) {
        times.push((await killOne(events, one, i)) - (FALL - 1) * FAST_MS);
        await sleep(Math.random() * 50);
        backends[i] = await start(i);
      }
    }
    return {
      [ROW.name]: {
        kind: 'measured',
        figure: percentile(times, 0.99),
        windows: times,
        faults: [],
        notes: [`${times.length} kills, median ${percentile(times, 0.5).toFixed(2)} ms`],
      },
    };
  },
};

async function startOne(bench: Bench, i: number, port: number): Promise<Backends> {
  const one = await startBackends(bench, { listening: false });
  await one.ask(`listen ${backendAddress(i)} ${port}`);
  return one;
}

/** A connection that stays open belongs to the watch: probes take less than a millisecond. */
async function untilWatched(one: Backends, i: number): Promise<void> {
  let inARow = 0;
  await until(`an idle connection to backend ${i}`, CAP_MS, async () => {
    inARow = (await one.counts()).open > 0 ? inARow + 1 : 0;
    return inARow === 10;
  });
}

/** From SIGKILL until hfmd reports the backend as down, in ms. */
async function killOne(events: HealthEvents, { child }: Backends, i: number): Promise<number> {
  const down = events.next(i, 'down');
  const killedMs = nowMs();
  process.kill(child.pid, 'SIGKILL');
  return (await within(`backend ${i} down`, CAP_MS, down)) - killedMs;
}
