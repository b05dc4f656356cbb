import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { backendAddress, startBackends } from '../backends.ts';
import { type Hfmd, reportedBy, spawnHfmd } from '../hfmd.ts';
import { treeRssMb } from '../process-tree.ts';
import { builtFile } from '../programs.ts';
import { ratioOf } from '../ratio.ts';
import type { Row, Scenario } from '../row.ts';
import type { Bench } from '../setting.ts';
import { percentile } from '../statistics.ts';
import { type Contender, stoppedBetween, takeTurns } from '../windows.ts';

const SCRIPT = '/bin/true';
const PER_SECOND = 100;
const CHECK = `type = "script"\ncommand = ["${SCRIPT}"]`;
/**
 * TCP backends beside the scripts. Their connections stay open for longer while the loop is
 * blocked.
 */
const CANARIES = 200;

const CPU: Row = {
  name: 'script-cpu',
  title: 'scripts at 100/s, CPU / plain spawn',
  unit: 'x',
  bar: 0.8,
  dream: 0.6,
};
const LOOP: Row = {
  name: 'script-loop',
  title: 'scripts at 100/s, loop blocked p99',
  unit: 'ms',
  bar: 1,
  dream: 0.3,
};

export const scriptCpu: Scenario = {
  rows: [CPU],
  async run(bench) {
    const hfmd = await warmHfmd(bench, '');
    const warm = stoppedBetween(CPU.name, hfmd.child, () => hfmd.started());
    const contenders = [await plainSpawn(bench, treeRssMb(hfmd.pid)), warm];
    const windows = await takeTurns(
      contenders,
      bench.isFull ? { rounds: 10, windowMs: 5000 } : { rounds: 3, windowMs: 1200 },
    );
    return {
      [CPU.name]: ratioOf(windows.get(CPU.name) ?? [], windows.get(PLAIN) ?? [], PER_SECOND),
    };
  },
};

export const scriptLoop: Scenario = {
  rows: [LOOP],
  async run(bench) {
    const backends = await startBackends(bench);
    const hfmd = await warmHfmd(bench, canariesOn(backends.port));
    const connections = await backends.record(() => sleep(bench.isFull ? 60_000 : 4000));
    const engine = await hfmd.engine('loop_delay_ms');
    const openMs = connections.map(({ acceptedMs, endedMs }) => endedMs - acceptedMs);
    const outside = percentile(openMs, 0.99);
    return {
      [LOOP.name]: {
        kind: 'measured',
        figure: (bench.isFull ? engine?.p99 : null) ?? outside,
        windows: openMs,
        faults: [],
        notes: [
          `the TCP probes are open for p50 ${percentile(openMs, 0.5).toFixed(2)} p99 ${outside.toFixed(2)} ms`,
          reportedBy(engine, bench),
        ],
      },
    };
  },
};

async function warmHfmd(bench: Bench, sections: string): Promise<Hfmd> {
  const hfmd = spawnHfmd(bench, {
    backends: PER_SECOND,
    port: 9,
    check: CHECK,
    // hfmd reserves descriptors for all that could run at once if they hung.
    daemon: `max_scripts = ${PER_SECOND}`,
    sections,
  });
  await hfmd.inService(PER_SECOND);
  await sleep(bench.isFull ? 20_000 : 2000);
  return hfmd;
}

const PLAIN = 'plain';

/** Reports the number of runs for each line on its stdin. */
async function plainSpawn(bench: Bench, residentMb: number): Promise<Contender> {
  const program = builtFile('plain-spawn.js');
  const args = [SCRIPT, PER_SECOND, Math.ceil(residentMb)].map(String);
  const child = bench.children.start([process.execPath, program, ...args], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const { stdin, stdout } = child.process;
  if (stdin === null || stdout === null) throw new Error('plain-spawn without pipes');
  const answers = createInterface({ input: stdout })[Symbol.asyncIterator]();
  const count = async (): Promise<number> => {
    stdin.write('count\n');
    return Number((await answers.next()).value);
  };
  await count();
  return stoppedBetween(PLAIN, child, count);
}

/** Healthy backends in no pool, so each needs an action. */
function canariesOn(port: number): string {
  const backends = Array.from({ length: CANARIES }, (_, i) => {
    return `[backend.canary${i}]
address = "${backendAddress(PER_SECOND + i)}"
checks = [{ type = "tcp", port = ${port} }]
on_down = ["nothing"]
`;
  });
  return `[action.nothing]\ncommand = ["/bin/true"]\n${backends.join('')}`;
}
