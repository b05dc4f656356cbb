import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, loadavg, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createChildren } from './children.ts';
import { installHfm } from './installed.ts';
import { readOptions } from './options.ts';
import { preparePrograms } from './programs.ts';
import { jsonOf, passes, type Result, tableOf } from './report.ts';
import { type Outcome, type Scenario, Unavailable } from './row.ts';
import { SCENARIOS } from './rows.ts';

/** Above this load other programs distort the figures. */
const QUIET = 0.5;
/** The bench gives up a row that takes longer. */
const CAP_MINUTES = 3;
const FULL_CAP_MINUTES = 30;

const options = readOptions(
  process.argv.slice(2),
  SCENARIOS.flatMap(({ rows }) => rows),
);
const folder = mkdtempSync(join(tmpdir(), 'hfm-bench-'));
const children = createChildren();

process.on('exit', () => {
  children.killAll();
  rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.on(signal, () => process.exit(130));
}

// Before the bench makes load itself.
const [load = 0] = loadavg();
if (load > QUIET) {
  process.stderr.write(
    `this machine is busy (load ${load.toFixed(1)}): the figures will be worse\n`,
  );
}
const programs = preparePrograms(folder);
const hfmd = options.hfmd ?? installHfm(folder);
const results: Result[] = [];
for (const scenario of SCENARIOS) {
  const wanted = scenario.rows.filter(options.isWanted);
  if (wanted.length === 0) continue;
  process.stderr.write(`${wanted.map(({ name }) => name).join(', ')} ...\n`);
  const outcomes = await measure(scenario, new Set(wanted.map(({ name }) => name)));
  for (const row of wanted) results.push({ row, outcome: outcomes(row.name) });
}
process.stdout.write(tableOf(results));
if (options.json !== null) {
  const report = { ...machine(), full: options.isFull, rows: results.map(jsonOf) };
  writeFileSync(options.json, `${JSON.stringify(report, null, 2)}\n`);
}
process.exit(results.some((result) => passes(result) === false) ? 1 : 0);

/** Runs one scenario and ends all processes that it started. */
async function measure(
  scenario: Scenario,
  wanted: ReadonlySet<string>,
): Promise<(name: string) => Outcome> {
  try {
    const { isFull } = options;
    const bench = { folder: mkdtempSync(join(folder, 'row-')), isFull, hfmd, programs, children };
    const outcomes = await Promise.race([scenario.run(bench, wanted), tooLong(isFull)]);
    return (name) => outcomes[name] ?? { kind: 'broken', why: 'nothing was measured' };
  } catch (error) {
    const kind = error instanceof Unavailable ? 'unavailable' : 'broken';
    return () => ({ kind, why: (error as Error).message });
  } finally {
    await children.stopAll();
  }
}

async function tooLong(isFull: boolean): Promise<never> {
  const capMinutes = isFull ? FULL_CAP_MINUTES : CAP_MINUTES;
  await sleep(capMinutes * 60_000, null, { ref: false });
  throw new Error(`not done after ${capMinutes} minutes`);
}

function machine() {
  const [cpu] = cpus();
  return {
    at: new Date().toISOString(),
    node: process.version,
    kernel: release(),
    cpu: cpu?.model ?? 'unknown',
    cores: cpus().length,
    load_before: load,
    hfmd,
  };
}
