import { expect, test } from 'vitest';
import { createFakeMachine } from './machine.ts';
import { MUTANTS } from './mutant.ts';
import { findMutant, SEED } from './run.ts';

/**
 * The rarest takes some 700 histories to be seen; so many that chance alone does not miss it.
 */
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
