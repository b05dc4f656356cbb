import { expect, test } from 'vitest';
import { createFakeMachine } from './machine.ts';
import { MUTANTS } from './mutant.ts';
import { findMutant, SEED } from './run.ts';

/** The mutant that is hardest to find needs some 700 histories, so 8000 do not miss it by chance. */
const BOUND = 8000;

test.for(MUTANTS)('finds $name', { timeout: 120_000 }, async (mutant) => {
  const found = await findMutant(mutant, {
    runs: BOUND,
    maxSteps: 40,
    createMachine: createFakeMachine,
    resyncMs: 5000,
  });
  console.info(`${mutant.name}: found in history ${found?.histories}`);
  expect(found, `not found in ${BOUND} histories`).not.toBe(null);
  expect(found?.problemsWithout, `HFM_FAULT_SEED=${SEED}`).toEqual([]);
});
