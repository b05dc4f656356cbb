import { type Backends, startBackends } from '../backends.ts';
import { spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import type { Row, Scenario } from '../row.ts';
import type { Bench } from '../setting.ts';
import { median } from '../statistics.ts';
import { nowMs } from '../time.ts';

/** Enough that one is due at once, and few enough that the file takes no time to read. */
export const start = startScenario(100, {
  name: 'start',
  title: 'start to first probe, 100 backends',
  unit: 'ms',
  bar: 250,
  dream: 120,
});

export const start1000 = startScenario(1000, {
  name: 'start-1000',
  title: 'start to first probe, 1000 backends',
  unit: 'ms',
  bar: null,
  dream: null,
});

function startScenario(count: number, row: Row): Scenario {
  return {
    rows: [row],
    async run(bench) {
      const backends = await startBackends(bench);
      const times: number[] = [];
      for (let i = 0; i < (bench.isFull ? 30 : 4); i++) {
        times.push(await startOnce(bench, backends, count));
      }
      return {
        [row.name]: {
          kind: 'measured',
          figure: median(times),
          windows: times,
          faults: [],
          notes: [],
        },
      };
    },
  };
}

/** From just before hfmd is spawned to the first connection that a backend accepts. */
async function startOnce(bench: Bench, backends: Backends, count: number): Promise<number> {
  let spawnedMs = 0;
  const connections = await backends.record(async () => {
    spawnedMs = nowMs();
    const hfmd = spawnHfmd(bench, { backends: count, port: backends.port, check: CHECKS.http });
    await hfmd.inService(count);
    await hfmd.stop();
  });
  return (
    connections.reduce((first, { acceptedMs }) => Math.min(first, acceptedMs), Infinity) - spawnedMs
  );
}
