import { type Backends, startBackends } from '../backends.ts';
import { spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import type { Row, Scenario } from '../row.ts';
import type { Bench } from '../setting.ts';
import { median } from '../statistics.ts';
import { nowMs } from '../time.ts';

const BACKENDS = 1000;

const ROW: Row = {
  name: 'start',
  title: 'start to first probe, 1000 backends',
  unit: 'ms',
  bar: 250,
  dream: 120,
};

export const start: Scenario = {
  rows: [ROW],
  async run(bench) {
    const backends = await startBackends(bench);
    const times: number[] = [];
    for (let i = 0; i < (bench.isFull ? 30 : 5); i++) times.push(await startOnce(bench, backends));
    return {
      [ROW.name]: {
        kind: 'measured',
        figure: median(times),
        windows: times,
        faults: [],
        notes: [],
      },
    };
  },
};

/** From just before hfmd is spawned to the first connection that a backend accepts. */
async function startOnce(bench: Bench, backends: Backends): Promise<number> {
  let spawnedMs = 0;
  const connections = await backends.record(async () => {
    spawnedMs = nowMs();
    const hfmd = spawnHfmd(bench, { backends: BACKENDS, port: backends.port, check: CHECKS.http });
    await hfmd.inService(BACKENDS);
    await hfmd.stop();
  });
  return (
    connections.reduce((first, { acceptedMs }) => Math.min(first, acceptedMs), Infinity) - spawnedMs
  );
}
