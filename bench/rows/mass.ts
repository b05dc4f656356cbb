import { setTimeout as sleep } from 'node:timers/promises';
import { type Backends, type Connection, startBackends } from '../backends.ts';
import { type Hfmd, spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import type { Row, Scenario } from '../row.ts';
import { nowMs, until } from '../time.ts';

const BACKENDS = 1000;
const INTERVAL_MS = 3000;
/** A probe that meets its deadline before all are held makes a run void. */
const TRIES = 8;

const ROW: Row = {
  name: 'mass',
  title: '1000 backends of a pool turn at once, all done',
  unit: 'ms',
  bar: 100,
  dream: 40,
};

/**
 * Probes have a whole interval, and for that long the backends keep every request waiting: then
 * they answer all in one moment.
 */
export const mass: Scenario = {
  rows: [ROW],
  async run(bench) {
    const backends = await startBackends(bench);
    const hfmd = spawnHfmd(bench, {
      backends: BACKENDS,
      port: backends.port,
      check: CHECKS.http,
      defaults: `interval = "${INTERVAL_MS}ms"\ntimeout = "${INTERVAL_MS}ms"\nrise = 1\nfall = 1`,
      pool: 'min_in_service = 0',
    });
    await hfmd.inService(BACKENDS);
    const gap = widestGap(await backends.record(() => sleep(INTERVAL_MS)));
    const turns: Turn[] = [];
    for (let i = 0; i < (bench.isFull ? 20 : 2); i++) {
      turns.push(await turnAll(backends, hfmd, gap, i % 2 === 0 ? 503 : 200));
    }
    const changes = Math.max(...turns.map((turn) => turn.changes));
    return {
      [ROW.name]: {
        kind: 'measured',
        figure: Math.max(...turns.map(({ tookMs }) => tookMs)),
        windows: turns.map(({ tookMs }) => tookMs),
        faults: changes > 1 ? [`${changes} changes of the table instead of one`] : [],
        notes: [`${turns.length} turns, the worst counts`],
      },
    };
  },
};

interface Turn {
  readonly tookMs: number;
  /** Calls of pfctl that changed the table. */
  readonly changes: number;
}

async function turnAll(backends: Backends, hfmd: Hfmd, gap: Gap, status: number): Promise<Turn> {
  for (let tries = 0; tries < TRIES; tries++) {
    await sleep(untilPhaseMs(gap.startMs + gap.widthMs / 4));
    const released = backends.next('released');
    await backends.ask(`hold ${BACKENDS} ${status}`);
    const [, atNs, missed] = await released;
    const atMs = Number(atNs) / 1e6;
    const count = status === 200 ? BACKENDS : 0;
    await until(`${count} in the table`, 10_000, () => hfmd.pf.table('web').length === count);
    // A second change would follow at once.
    await sleep(500);
    const changes = hfmd.pf
      .calls()
      .filter(({ verb, endMs }) => ['add', 'delete', 'replace'].includes(verb) && endMs > atMs);
    if (missed === '0') {
      return {
        tookMs: Math.max(...changes.map(({ endMs }) => endMs)) - atMs,
        changes: changes.length,
      };
    }
    await turnBack(backends, hfmd, status);
  }
  throw new Error(`not all probes could be held at once in ${TRIES} tries`);
}

/** After a void run: as it was before. */
async function turnBack(backends: Backends, hfmd: Hfmd, status: number): Promise<void> {
  const released = backends.next('released');
  await backends.ask(`hold 1 ${status === 200 ? 503 : 200}`);
  await released;
  const count = status === 200 ? 0 : BACKENDS;
  await until(`${count} in the table`, 20_000, () => hfmd.pf.table('web').length === count);
}

interface Gap {
  readonly startMs: number;
  readonly widthMs: number;
}

/** The longest time within the interval in which no probe starts: there, all are between two. */
function widestGap(connections: readonly Connection[]): Gap {
  const phases = connections
    .map(({ acceptedMs }) => acceptedMs % INTERVAL_MS)
    .sort((a, b) => a - b);
  const gaps = phases.map((startMs, i) => {
    const next = phases[i + 1] ?? (phases[0] ?? 0) + INTERVAL_MS;
    return { startMs, widthMs: next - startMs };
  });
  return gaps.reduce((widest, gap) => (gap.widthMs > widest.widthMs ? gap : widest));
}

function untilPhaseMs(phaseMs: number): number {
  return (((phaseMs - nowMs()) % INTERVAL_MS) + INTERVAL_MS) % INTERVAL_MS;
}
