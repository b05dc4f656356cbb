import { setTimeout as sleep } from 'node:timers/promises';
import { type Backends, type Connection, startBackends } from '../backends.ts';
import { type Hfmd, spawnHfmd } from '../hfmd.ts';
import { CHECKS } from '../hfmd-config.ts';
import type { Outcome, Row, Scenario } from '../row.ts';
import { nowMs, until } from '../time.ts';

const BACKENDS = 1000;
const INTERVAL_MS = 2500;
/** How often to repeat a void run: one in which a probe met its deadline before all were held. */
const TRIES = 4;

const BY_ANSWERS: Row = {
  name: 'mass',
  title: '1000 backends of a pool change by their answers, all done',
  unit: 'ms',
  bar: 100,
  dream: 40,
};
const BY_OVERRIDE: Row = {
  name: 'mass-word',
  title: '1000 backends of a pool change by an override, all done',
  unit: 'ms',
  bar: 100,
  dream: 40,
};

export const mass: Scenario = {
  rows: [BY_ANSWERS, BY_OVERRIDE],
  async run(bench, wanted) {
    const backends = await startBackends(bench);
    const hfmd = spawnHfmd(bench, {
      backends: BACKENDS,
      port: backends.port,
      check: CHECKS.http,
      defaults: `interval = "${INTERVAL_MS}ms"\ntimeout = "${INTERVAL_MS}ms"\nrise = 1\nfall = 1`,
      pool: 'min_in_service = 0',
    });
    await hfmd.inService(BACKENDS);
    await sleep(bench.isFull ? 20_000 : 2000);
    const gap = widestGap(await backends.record(() => sleep(INTERVAL_MS)));
    const outcomes: Record<string, Outcome> = {};
    const ways = [
      [BY_OVERRIDE, changeByOverride],
      [BY_ANSWERS, changeByAnswers],
    ] as const;
    for (const [{ name }, change] of ways.filter(([row]) => wanted.has(row.name))) {
      const runs: Run[] = [];
      for (let i = 0; i < (bench.isFull ? 20 : 2); i++) {
        runs.push(await change({ backends, hfmd, gap }, i % 2 === 0 ? 'down' : 'up'));
      }
      outcomes[name] = outcomeOf(runs);
    }
    return outcomes;
  },
};

function outcomeOf(runs: readonly Run[]): Outcome {
  const split = runs.filter(({ changes }) => changes.length > 1);
  const tookMs = runs.map((run) => run.tookMs);
  return {
    kind: 'measured',
    figure: Math.max(...tookMs),
    windows: tookMs,
    faults: split.map(({ changes }) => `changed in ${changes.length} steps (${changes})`),
    notes: [`${runs.length} runs, the worst counts`],
  };
}

interface Stage {
  readonly backends: Backends;
  readonly hfmd: Hfmd;
  readonly gap: Gap;
}

/** One change of all backends. */
interface Run {
  readonly tookMs: number;
  /** How many addresses each call of pfctl added or deleted. */
  readonly changes: readonly number[];
}

/** The time begins with the request over the control socket, which hfmctl would send too. */
async function changeByOverride({ hfmd }: Stage, to: 'up' | 'down'): Promise<Run> {
  const override = {
    names: [],
    pools: ['web'],
    by: 'bench',
    reason: null,
    for_ms: null,
    force: true,
  };
  const startMs = nowMs();
  const state = to === 'up' ? 'ready' : 'drain';
  const answer = await hfmd.client.post('/v1/admin', { ...override, state });
  if (answer.kind !== 'ok') throw new Error(`drain: ${JSON.stringify(answer)}`);
  return settled(hfmd, to, startMs);
}

/**
 * Probes have a whole interval for their answer. The backends hold every request for that long, then
 * all answer at once. The time begins with the first answer.
 */
async function changeByAnswers(stage: Stage, to: 'up' | 'down'): Promise<Run> {
  const { backends, hfmd, gap } = stage;
  for (let tries = 0; tries < TRIES; tries++) {
    await sleep(untilPhaseMs(gap.startMs + gap.widthMs / 4));
    const released = backends.next('released');
    await backends.ask(`hold ${BACKENDS} ${STATUS[to]}`);
    const allHeld = await Promise.race([released, sleep(2 * INTERVAL_MS, null)]);
    if (allHeld !== null) {
      const [, startNs, missed] = allHeld;
      const run = await settled(hfmd, to, Number(startNs) / 1e6);
      if (missed === '0') return run;
    }
    await restore(stage, to === 'up' ? 'down' : 'up');
  }
  throw new Error(`not all probes could be held at once in ${TRIES} tries`);
}

const STATUS = { up: 200, down: 503 } as const;

async function settled(hfmd: Hfmd, to: 'up' | 'down', startMs: number): Promise<Run> {
  await tableIs(hfmd, to);
  // If there is a second change, it follows at once.
  await sleep(500);
  const changes = hfmd.pf
    .calls()
    .filter(({ verb, endMs }) => ['add', 'delete', 'replace'].includes(verb) && endMs > startMs);
  return {
    tookMs: Math.max(...changes.map(({ endMs }) => endMs)) - startMs,
    changes: changes.map(({ count }) => count),
  };
}

/** Restores the state before a void run. */
async function restore({ backends, hfmd }: Stage, to: 'up' | 'down'): Promise<void> {
  const released = backends.next('released');
  await backends.ask(`hold 1 ${STATUS[to]}`);
  await released;
  await tableIs(hfmd, to);
}

function tableIs({ pf }: Hfmd, to: 'up' | 'down'): Promise<void> {
  const count = to === 'up' ? BACKENDS : 0;
  return until(`${count} in the table`, 20_000, () => pf.table('web').length === count);
}

interface Gap {
  readonly startMs: number;
  readonly widthMs: number;
}

/** The longest time within the interval in which no probe starts: then no probe is under way. */
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
