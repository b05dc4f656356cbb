import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type TestContext, test } from 'vitest';
import { installHfm } from '../../bench/installed.ts';
import type { ExplainJson } from '../../src/protocol/protocol.ts';
import { eventually, type LogLine, openRig, type Rig } from '../system/harness.ts';
import {
  BEHAVIOURS,
  type Behaviour,
  type CheckKind,
  type FleetBackend,
  openFleetBackend,
  TIMEOUT_MS,
} from './fleet.ts';
import { Truth } from './truth.ts';

const MINUTES = Number(process.env.HFM_SOAK_MINUTES ?? 10);
const BACKENDS = 200;
const POOLS = 4;
const KINDS: readonly CheckKind[] = ['status', 'body', 'banner'];
/** Every CHANGE_MS so many backends change. */
const CHANGE_MS = 1500;
const CHANGING = 4;
const FALL = 3;
/** The time between two readings of the tables. */
const SAMPLE_MS = 100;
/** A backend may fail while another is added. The table then takes: read, add, read, delete, read. */
const RUNS_OF_PFCTL = 5;
/** More than the deadline of a probe, and than that of pfctl. */
const SETTLE_MS = 5000;
/** Memory is compared from this minute on: the fourth of ten. */
const SETTLED_MINUTE = MINUTES * 0.3;
const MAX_GROWTH_KB_PER_MINUTE = 1024;

test('200 backends that change all the time', {
  timeout: (MINUTES + 3) * 60_000,
}, async (context) => {
  const rig = openRig(context, { programs: installed(context) });
  const fleet = await openFleet();
  const truth = new Truth();
  for (const { name, server } of fleet) truth.change(name, server.kind, 'healthy');
  for (let pool = 0; pool < POOLS; pool++) rig.pf.setTable(`t${pool}`, []);
  rig.write(configOf(fleet), {
    defaults: {
      interval: '1s',
      fast_interval: '200ms',
      timeout: `${TIMEOUT_MS}ms`,
      rise: 2,
      fall: FALL,
    },
  });
  const hfmd = await rig.start();
  await eventually(() => expect(held(rig).size).toBe(BACKENDS));
  const explained = await rig.ctl('explain', 'b0', '--json');
  const worstMs = (JSON.parse(explained.stdout) as ExplainJson).checks[0]?.worst_case_ms ?? 0;
  expect(worstMs).toBeGreaterThan(0);

  const descriptorsAtStart = await restingDescriptors(hfmd.pid);
  const startMs = Date.now();
  const memory: Sample[] = [];
  let worstWrongMs = 0;
  let latestStartMs = 0;
  let longestPfctlMs = 0;
  let nextChangeMs = startMs;
  let nextMemoryMs = startMs;
  while (Date.now() < startMs + MINUTES * 60_000) {
    if (Date.now() >= nextChangeMs) {
      nextChangeMs += CHANGE_MS;
      for (let i = 0; i < CHANGING; i++) await changeOne(pick(fleet), truth);
    }
    if (Date.now() >= nextMemoryMs) {
      nextMemoryMs += 10_000;
      memory.push({ minute: (Date.now() - startMs) / 60_000, kb: memoryOf(hfmd.pid) });
      const { engine } = await rig.status();
      latestStartMs = Math.max(latestStartMs, engine.lateness_ms.max);
      longestPfctlMs = Math.max(longestPfctlMs, engine.pfctl_ms.max);
    }
    const inService = held(rig);
    for (const { name, address } of fleet) {
      const { isUp, forMs } = truth.now(name);
      if (inService.has(address) !== isUp) worstWrongMs = Math.max(worstWrongMs, forMs);
    }
    await sleep(SAMPLE_MS);
  }
  for (const { name, server } of fleet) {
    await server.behave('healthy');
    truth.change(name, server.kind, 'healthy');
  }
  await eventually(() => expect(held(rig).size).toBe(BACKENDS));
  // Probes of backends that hung until now must still end.
  await sleep(SETTLE_MS);
  const descriptorsAtEnd = await restingDescriptors(hfmd.pid);

  const { engine } = await rig.status();
  const transitions = hfmd.log.filter(({ event }) => event === 'health');
  latestStartMs = Math.max(latestStartMs, engine.lateness_ms.max);
  longestPfctlMs = Math.max(longestPfctlMs, engine.pfctl_ms.max);
  // The worst case of `explain` holds if each of the `fall` probes starts in time and hfmd is not
  // paused. A verdict of a paused hfmd does not count, and the next comes a timeout later.
  const again = engine.inconclusive > 0 ? TIMEOUT_MS : 0;
  const seenWithinMs = worstMs + FALL * latestStartMs + again;
  const wrong = transitions.filter((line) => !isTrue(line, truth, seenWithinMs));
  const deaths = transitions.filter(({ to }) => to === 'down');
  const growth = growthOf(memory.filter(({ minute }) => minute >= SETTLED_MINUTE));
  const figures = {
    minutes: MINUTES,
    probes: engine.started,
    transitions: transitions.length,
    falseTransitions: wrong.length,
    worstCaseOfExplainMs: worstMs,
    deathSeenAfterAtMostMs: Math.max(...deaths.map((line) => seenAfterMs(line, truth))),
    tableWrongAtMostMs: worstWrongMs,
    longestPfctlMs,
    memoryKb: memory.map(({ kb }) => kb).filter((_, i) => i % 6 === 0),
    growthKbPerMinute: Math.round(growth),
    descriptors: [descriptorsAtStart, descriptorsAtEnd],
    skipped: engine.skipped,
    inconclusive: engine.inconclusive,
    latestStartMs,
  };
  process.stdout.write(`${JSON.stringify(figures, null, 2)}\n`);
  expect(wrong).toEqual([]);
  expect(figures.deathSeenAfterAtMostMs).toBeLessThanOrEqual(seenWithinMs);
  expect(worstWrongMs).toBeLessThanOrEqual(seenWithinMs + RUNS_OF_PFCTL * longestPfctlMs);
  expect(growth).toBeLessThan(MAX_GROWTH_KB_PER_MINUTE);
  expect(descriptorsAtEnd).toBe(descriptorsAtStart);
});

interface Member {
  readonly name: string;
  readonly address: string;
  readonly pool: number;
  readonly server: FleetBackend;
}

interface Sample {
  readonly minute: number;
  readonly kb: number;
}

/** hfmd as on a firewall: with the options that install.sh gives to node. */
function installed({ onTestFinished }: TestContext) {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-soak-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const hfmd = installHfm(folder);
  return { hfmd, hfmctl: join(dirname(hfmd), 'hfmctl') };
}

function openFleet(): Promise<Member[]> {
  const members = Array.from({ length: BACKENDS }, async (_, i) => ({
    name: `b${i}`,
    address: `10.1.${i >> 8}.${i & 255}`,
    pool: i % POOLS,
    server: await openFleetBackend(KINDS[i % KINDS.length] ?? 'status'),
  }));
  return Promise.all(members);
}

function configOf(fleet: readonly Member[]): string {
  const pools = Array.from({ length: POOLS }, (_, i) => `[pool.p${i}]\ntable = "t${i}"\n`);
  const backends = fleet.map(
    ({ name, address, pool, server }) => `[backend.${name}]
address = "127.0.0.1"
port = ${server.port}
checks = ["${server.kind}"]
pools = { p${pool} = "${address}" }
`,
  );
  return `[check.status]
type = "http"
url = "http://{address}:{port}/"
[check.body]
type = "http"
url = "http://{address}:{port}/"
body = "OK"
max_body = 4096
[check.banner]
type = "tcp"
expect = "READY"
${pools.join('')}${backends.join('')}`;
}

async function changeOne({ name, server }: Member, truth: Truth): Promise<void> {
  const behaviour = pick(Object.keys(BEHAVIOURS) as Behaviour[]);
  await server.behave(behaviour);
  truth.change(name, server.kind, behaviour);
}

function held(rig: Rig): Set<string> {
  const tables = Array.from({ length: POOLS }, (_, i) => rig.pf.table(`t${i}`) ?? []);
  return new Set(tables.flat());
}

/**
 * Whether the backend was what hfmd logs, at some time in the last `withinMs`, which hfmd may need.
 */
function isTrue(line: LogLine, truth: Truth, withinMs: number): boolean {
  const atMs = Date.parse(String(line.time));
  return truth.was(String(line.backend), line.to === 'up', atMs - withinMs, atMs);
}

/** How long a backend was down before the line. */
function seenAfterMs(line: LogLine, truth: Truth): number {
  return truth.lasted(String(line.backend), false, Date.parse(String(line.time)));
}

/** The slope of the line that fits the samples best, in kB a minute. */
function growthOf(samples: readonly Sample[]): number {
  const minute = mean(samples.map((sample) => sample.minute));
  const kb = mean(samples.map((sample) => sample.kb));
  const covariance = samples.reduce((sum, one) => sum + (one.minute - minute) * (one.kb - kb), 0);
  const variance = samples.reduce((sum, one) => sum + (one.minute - minute) ** 2, 0);
  return variance === 0 ? 0 : covariance / variance;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Resident memory in kB. */
function memoryOf(pid: number): number {
  return Number(execFileSync('ps', ['-o', 'rss=', '-p', String(pid)], { encoding: 'utf8' }));
}

/**
 * The fewest open descriptors in many samples: those that are open while no probe and no pfctl
 * runs.
 */
async function restingDescriptors(pid: number): Promise<number> {
  let fewest = Number.POSITIVE_INFINITY;
  for (let sample = 0; sample < 400; sample++) {
    fewest = Math.min(fewest, readdirSync(`/proc/${pid}/fd`).length);
    await sleep(10);
  }
  return fewest;
}

function pick<T>(items: readonly T[]): T {
  const item = items[Math.floor(Math.random() * items.length)];
  if (item === undefined) throw new Error('nothing to pick from');
  return item;
}
