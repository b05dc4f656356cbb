import { expect, test } from 'vitest';
import { createFakeMachine } from './machine.ts';
import { MUTANTS } from './mutant.ts';
import { findMutant } from './run.ts';

/** A suite that needs more than so many histories to see it is too weak. */
const BOUND = 1500;

test.for(MUTANTS)('finds $name', { timeout: 120_000 }, async (mutant) => {
  const found = await findMutant(mutant, {
    runs: BOUND,
    maxSteps: 40,
    createMachine: createFakeMachine,
    resyncMs: 5000,
  });
  console.info(`${mutant.name}: found in history ${found?.histories}`);
  expect(found, `not found in ${BOUND} histories`).not.toBe(null);
  expect(found?.problemsWithout).toEqual([]);
});
