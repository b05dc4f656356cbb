import { setTimeout as sleep } from 'node:timers/promises';
import { type Connection, startBackends } from '../backends.ts';
import { reportedBy, spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import type { Row, Scenario } from '../row.ts';
import { Unavailable } from '../row.ts';
import type { Bench } from '../setting.ts';
import { latenessOf, percentile, type Start } from '../statistics.ts';

const INTERVAL_MS = 1000;
/** With fewer probes than this share of the configured ones, the figure does not count. */
const ENOUGH = 0.97;

export const lateness1000 = latenessScenario({
  row: { name: 'lateness', title: 'start lateness p99, 1000 HTTP backends', ...ms(5, 2) },
  count: 1000,
  check: CHECKS.http,
  isPinned: false,
});

/** Start lateness on one core. The goal is the number of backends. */
export const capacities: readonly Scenario[] = [
  oneCore('capacity-http', 'HTTP', 3000, CHECKS.http, ms(50, null)),
  oneCore('dream-http', 'HTTP', 5000, CHECKS.http, { ...ms(null, 50), isLong: true }),
  oneCore('capacity-tcp', 'TCP', 8000, CHECKS.tcp, ms(50, null)),
  oneCore('dream-tcp', 'TCP', 12_000, CHECKS.tcp, { ...ms(null, 50), isLong: true }),
];

function oneCore(
  name: string,
  kind: string,
  count: number,
  check: string,
  bounds: Pick<Row, 'unit' | 'bar' | 'dream' | 'isLong'>,
): Scenario {
  const title = `start lateness p99 on one core, ${count} ${kind} backends`;
  return latenessScenario({ row: { name, title, ...bounds }, count, check, isPinned: true });
}

function ms(bar: number | null, dream: number | null) {
  return { unit: 'ms', bar, dream } as const;
}

interface LatenessRow {
  readonly row: Row;
  readonly count: number;
  readonly check: string;
  /** Runs hfmd on the first core and its backends on the second. */
  readonly isPinned: boolean;
}

function latenessScenario({ row, count, check, isPinned }: LatenessRow): Scenario {
  return {
    rows: [row],
    async run(bench) {
      if (isPinned && bench.programs.taskset === null) throw new Unavailable('no taskset(1)');
      const backends = await startBackends(bench, isPinned ? { core: 1 } : {});
      const core = isPinned ? { core: 0 } : {};
      const hfmd = spawnHfmd(bench, { backends: count, port: backends.port, check, ...core });
      await hfmd.inService(count);
      await sleep(bench.isFull ? 20_000 : 2000);
      const lateness: number[] = [];
      const windows: number[] = [];
      const faults: string[] = [];
      for (let i = 0; i < (bench.isFull ? 3 : 1); i++) {
        const windowMs = windowOf(bench);
        const connections = await backends.record(() => sleep(windowMs));
        const ofWindow = latenessOf(connections.map(startOf), INTERVAL_MS);
        windows.push(percentile(ofWindow, 0.99));
        for (const one of ofWindow) lateness.push(one);
        const due = (count * windowMs) / INTERVAL_MS;
        if (connections.length < ENOUGH * due) {
          faults.push(`${connections.length} probes of ${due} in window ${i + 1}`);
        }
      }
      const notUp = await hfmd.notUp();
      if (notUp > 0) faults.push(`${notUp} backends not up`);
      const engine = await hfmd.engine('lateness_ms');
      const outside = percentile(lateness, 0.99);
      return {
        [row.name]: {
          kind: 'measured',
          // Only the daemon sees a lateness that is always the same.
          figure: Math.max(outside, bench.isFull ? (engine?.p99 ?? 0) : 0),
          windows,
          faults,
          notes: [`from outside ${outside.toFixed(2)} ms`, reportedBy(engine, bench)],
        },
      };
    },
  };
}

function windowOf({ isFull }: Bench): number {
  return isFull ? 20_000 : 5000;
}

function startOf({ backend, acceptedMs }: Connection): Start {
  return { backend, atMs: acceptedMs };
}
