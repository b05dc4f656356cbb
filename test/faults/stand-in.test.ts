import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, test } from 'vitest';
import { SCRATCH } from './history.ts';
import { campaign, runsOf } from './run.ts';
import { createStandInMachine } from './stand-in-machine.ts';

const folder = mkdtempSync(join(SCRATCH, 'hfm-faults-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const OSES = ['openbsd', 'freebsd'] as const;

const LONG = { timeout: 3_600_000 };

/** Each system plays half of the histories. */
const quick = runsOf(100, 'HFM_FAULT_STAND_IN_RUNS') / OSES.length;
const slow = runsOf(10, 'HFM_FAULT_PROCESS_RUNS') / OSES.length;

test.for(OSES)('the same with the pfctl driver on the stand-in, on %s', LONG, async (os) => {
  await campaign({
    name: `stand-in, ${os}`,
    runs: Math.ceil(quick),
    maxSteps: 25,
    resyncMs: 5000,
    createMachine: (clock) => createStandInMachine(clock, { folder, os, processes: false }),
  });
});

test.concurrent.for(OSES)('the same with a process for each pfctl, on %s', LONG, async (os) => {
  await campaign({
    name: `stand-in as processes, ${os}`,
    runs: Math.ceil(slow),
    maxSteps: 6,
    // Otherwise resyncs are most of a short history.
    resyncMs: 20_000,
    createMachine: (clock) => createStandInMachine(clock, { folder, os, processes: true }),
  });
});
