import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { backendName } from '../../src/core/names.ts';
import type { PfDriver, PfResult } from '../../src/pf/driver.ts';
import { PASS } from '../daemon/wiring.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { createFakePf, type FakePf } from '../fakes/pf.ts';
import { startProcess } from '../faults/process.ts';

const A = '10.1.0.1';
const B = '10.1.0.2';
const CLIENT = { client: '198.51.100.1', backend: A };
const WEB = { ...pool('web'), killSources: 'auto' } as const;
const BOTH = config([WEB], [backend('a', { web: A }), backend('b', { web: B })]);
const WITHOUT_A = config([WEB], [backend('b', { web: B })]);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hfm-unreleased-'));
});

afterEach(() => rmSync(folder, { recursive: true }));

/** An hfmd that could not list source nodes, and then one that can. */
function stage() {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [A, B]);
  pf.sources.push(CLIENT);
  const stateFile = join(folder, 'state.json');
  return {
    clock,
    pf,
    first: () => startProcess({ clock, driver: withoutSources(pf), stateFile }, BOTH),
    next: () => startProcess({ clock, driver: pf, stateFile }, WITHOUT_A),
  };
}

function withoutSources(pf: FakePf): PfDriver {
  const hung: PfResult<null> = { ok: false, error: { kind: 'hung', message: 'hung' } };
  return { ...pf, eachSource: () => Promise.resolve(hung) };
}

/** `a` leaves the configuration, and hfmd is killed before it could list source nodes. */
async function crashed() {
  const scene = stage();
  const { clock, pf } = scene;
  const hfm = scene.first();
  await clock.advance(0);
  for (const name of ['a', 'b']) {
    const record = { verdict: PASS, durationMs: 1, atMs: clock.wallMs() };
    hfm.record(backendName(name), 'tcp', record);
  }
  await clock.advance(100);
  hfm.reload(WITHOUT_A);
  await clock.advance(8000);
  expect(pf.entries('web')).toEqual([B]);
  hfm.kill();
  return scene;
}

test('sticky clients of what left the configuration are released by the next hfmd after a crash', async () => {
  const { clock, pf, next } = await crashed();
  next();
  await clock.advance(10_000);
  expect(pf.sources).toEqual([]);
});

test('and by the one after it, where that was killed at once', async () => {
  const { clock, pf, next } = await crashed();
  next().kill();
  next();
  await clock.advance(10_000);
  expect(pf.sources).toEqual([]);
});

test('an address that somebody puts back meanwhile is not taken out', async () => {
  const { clock, pf, next } = await crashed();
  pf.put('web', [A, B]);
  next();
  await clock.advance(60_000);
  expect(pf.entries('web')).toEqual([A, B]);
});

test('once released, nothing is left to do for the next start', async () => {
  const { clock, pf, next } = await crashed();
  const second = next();
  await clock.advance(10_000);
  second.kill();
  pf.sources.push(CLIENT);
  next();
  await clock.advance(10_000);
  expect(pf.sources).toEqual([CLIENT]);
});
