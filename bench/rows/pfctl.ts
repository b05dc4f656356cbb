import { setTimeout as sleep } from 'node:timers/promises';
import { backendAddress, startBackends } from '../backends.ts';
import { spawnHfmd } from '../hfmd.ts';
import { CHECKS, tableAddress } from '../hfmd-config.ts';
import type { Row, Scenario } from '../row.ts';
import type { StandIn } from '../stand-in.ts';
import { percentile } from '../statistics.ts';
import { until } from '../time.ts';

const BACKENDS = 20;

const ROW: Row = {
  name: 'pfctl',
  title: 'verdict to pfctl exited, p99',
  unit: 'ms',
  bar: 15,
  dream: 5,
};

/** One backend after the other goes down and up. Nothing else happens meanwhile. */
export const pfctl: Scenario = {
  rows: [ROW],
  async run(bench) {
    const backends = await startBackends(bench);
    const hfmd = spawnHfmd(bench, {
      backends: BACKENDS,
      port: backends.port,
      check: CHECKS.http,
      defaults: 'interval = "100ms"\nfast_interval = "50ms"\nrise = 1\nfall = 1',
      pool: 'min_in_service = 0',
    });
    await hfmd.inService(BACKENDS);
    await sleep(2000);
    const times: number[] = [];
    for (let run = 0; run < (bench.isFull ? 600 : 40); run++) {
      const isDeath = Math.floor(run / BACKENDS) % 2 === 0;
      const i = run % BACKENDS;
      const answered = backends.next('answered');
      await backends.ask(`answer ${backendAddress(i)} ${isDeath ? 503 : 200}`);
      const answeredMs = Number((await answered)[2]) / 1e6;
      times.push((await changeOf(hfmd.pf, isDeath, i, answeredMs)) - answeredMs);
      await sleep(5 + Math.random() * 40);
    }
    const own = await hfmd.engine('pfctl_ms');
    return {
      [ROW.name]: {
        kind: 'measured',
        figure: percentile(times, 0.99),
        windows: times,
        faults: [],
        notes: [
          `median ${percentile(times, 0.5).toFixed(2)} ms of ${times.length}`,
          ...(own === null
            ? []
            : [`hfmd itself reports for pfctl alone: p99 ${own.p99.toFixed(2)} ms`]),
        ],
      },
    };
  },
};

/** When the pfctl that makes this change has exited. */
async function changeOf(
  pf: StandIn,
  isDeath: boolean,
  i: number,
  afterMs: number,
): Promise<number> {
  let endMs = 0;
  await until(`pfctl changes backend ${i}`, 10_000, () => {
    const change = pf
      .calls()
      .findLast(({ verb, first }) => VERBS[isDeath ? 1 : 0] === verb && first === tableAddress(i));
    endMs = change?.endMs ?? 0;
    return endMs > afterMs;
  });
  return endMs;
}

const VERBS = ['add', 'delete'] as const;
