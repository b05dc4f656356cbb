import { setTimeout as sleep } from 'node:timers/promises';
import { startBackends } from '../backends.ts';
import { spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import { treeRssMb } from '../process-tree.ts';
import type { Row, Scenario } from '../row.ts';
import { median } from '../statistics.ts';

export const rss1000 = rssScenario(1000, {
  name: 'rss-1000',
  title: 'resident memory, 1000 TCP backends',
  unit: 'MB',
  bar: 110,
  dream: 85,
});

export const rss10000 = rssScenario(10_000, {
  name: 'rss-10000',
  title: 'resident memory, 10 000 TCP backends',
  unit: 'MB',
  bar: 180,
  dream: 130,
});

/** The heap grows for minutes, so only the last part of the time counts. */
function rssScenario(count: number, row: Row): Scenario {
  return {
    rows: [row],
    async run(bench) {
      const backends = await startBackends(bench);
      const hfmd = spawnHfmd(bench, { backends: count, port: backends.port, check: CHECKS.tcp });
      await hfmd.inService(count);
      await sleep(bench.isFull ? 240_000 : 2000);
      const samples: number[] = [];
      for (let i = 0; i < (bench.isFull ? 120 : 6); i++) {
        await sleep(500);
        samples.push(treeRssMb(hfmd.pid));
      }
      return {
        [row.name]: {
          kind: 'measured',
          figure: median(samples),
          windows: samples,
          faults: [],
          notes: bench.isFull ? [] : ['after seconds only; --full waits for minutes'],
        },
      };
    },
  };
}
