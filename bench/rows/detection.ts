import { setTimeout as sleep } from 'node:timers/promises';
import { backendAddress, startBackends } from '../backends.ts';
import { followHealth, within } from '../health-events.ts';
import { spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import type { Row, Scenario } from '../row.ts';
import { percentile } from '../statistics.ts';

const BACKENDS = 200;
/** The backends die at random times within this span, so deaths hit every phase of the interval. */
const SPREAD_MS = 3000;
const CAP_MS = 20_000;

const ROW: Row = {
  name: 'detection',
  title: 'death to down without watch (1s, fast 100ms, fall 3), worst of 200',
  unit: 'ms',
  bar: 1300,
  dream: 1200,
};

export const detection: Scenario = {
  rows: [ROW],
  async run(bench) {
    const backends = await startBackends(bench, { listening: false });
    const { port } = backends;
    const all = Array.from({ length: BACKENDS }, (_, i) => i);
    const open = (): Promise<unknown> =>
      Promise.all(all.map((i) => backends.ask(`listen ${backendAddress(i)} ${port}`)));
    await open();
    const hfmd = spawnHfmd(bench, {
      backends: BACKENDS,
      port,
      check: CHECKS.http,
      defaults: 'interval = "1s"\nfast_interval = "100ms"\nfall = 3',
      pool: 'min_in_service = 0',
    });
    await hfmd.inService(BACKENDS);
    const events = followHealth(hfmd);
    const windows: number[] = [];
    for (let run = 0; run < (bench.isFull ? 5 : 1); run++) {
      if (run > 0) await open();
      await hfmd.inService(BACKENDS);
      await sleep(2000);
      const times = await Promise.all(
        all.map(async (i) => {
          const down = events.next(i, 'down');
          await sleep(Math.random() * SPREAD_MS);
          const [, closedNs] = await backends.ask(`close ${backendAddress(i)}`);
          return (await within(`backend ${i} down`, CAP_MS, down)) - Number(closedNs) / 1e6;
        }),
      );
      windows.push(percentile(times, 1));
    }
    return {
      [ROW.name]: {
        kind: 'measured',
        figure: Math.max(...windows),
        windows,
        faults: [],
        notes: [],
      },
    };
  },
};
