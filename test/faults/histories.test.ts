import { test } from 'vitest';
import { createFakeMachine } from './machine.ts';
import { campaign, runsOf } from './run.ts';

test('after any history every table holds its goal, and no address was removed without grounds', async () => {
  await campaign({
    name: 'fake driver',
    runs: runsOf(300, 'HFM_FAULT_RUNS'),
    maxSteps: 40,
    createMachine: createFakeMachine,
    resyncMs: 5000,
  });
}, 3_600_000);
