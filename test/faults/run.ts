import fc from 'fast-check';
import type { Clock } from '../../src/sys/clock.ts';
import { type Conditions, play } from './history.ts';
import type { Machine } from './machine.ts';
import type { Mutant } from './mutant.ts';
import { stories } from './step.ts';

export interface Campaign {
  readonly name: string;
  readonly runs: number;
  readonly maxSteps: number;
  readonly createMachine: (clock: Clock) => Machine;
  readonly resyncMs: number;
}

/** From `HFM_FAULT_SEED=SEED` or `SEED:PATH`, which a failure prints. */
const [seedText, path = ''] = (process.env.HFM_FAULT_SEED ?? '').split(/:(.*)/s);
export const SEED = seedText === '' ? Math.trunc(Math.random() * 2 ** 31) : Number(seedText);

/** How many histories to play: `quick` in plain `npm test`, or what the variable says. */
export function runsOf(quick: number, variable: string): number {
  return Number(process.env[variable] ?? quick);
}

/** Plays `runs` histories. Shrinks a failure and prints its seed. */
export async function campaign({ name, runs, maxSteps, ...conditions }: Campaign): Promise<void> {
  const startedMs = performance.now();
  const result = await fc.check(historyProperty(maxSteps, conditions), {
    numRuns: runs,
    seed: SEED,
    ...(path === '' ? {} : { path, endOnFailure: true }),
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  console.info(`${name}: ${result.numRuns} histories, HFM_FAULT_SEED=${SEED}, ${seconds} s`);
  if (!result.failed) return;
  const replay = `replay: HFM_FAULT_SEED=${SEED}:${result.counterexamplePath ?? ''}`;
  const { held, first } = result.counterexample?.[0] ?? {};
  throw new Error(`${replay}\nfirst: ${JSON.stringify({ held, first })}\n${messageOf(result)}`);
}

export interface Found {
  /** How many histories it took. */
  readonly histories: number;
  /**
   * The problems of the same history without the mutant. Must be none, or hfm itself has the fault.
   */
  readonly problemsWithout: readonly string[];
}

/** Plays up to `runs` histories until one fails with the mutant; null if none does. */
export async function findMutant(
  mutant: Mutant,
  { runs, maxSteps, ...conditions }: Omit<Campaign, 'name'>,
): Promise<Found | null> {
  const result = await fc.check(historyProperty(maxSteps, { ...conditions, mutant }), {
    numRuns: runs,
    seed: SEED,
    endOnFailure: true,
  });
  const story = result.counterexample?.[0];
  if (story === undefined) return null;
  const { problems } = await play(story, conditions);
  return { histories: result.numRuns, problemsWithout: problems };
}

function messageOf({ errorInstance }: { readonly errorInstance: unknown }): string {
  return errorInstance instanceof Error ? errorInstance.message : String(errorInstance);
}

function historyProperty(maxSteps: number, conditions: Conditions) {
  return fc.asyncProperty(stories(maxSteps), async (story) => {
    const { problems, trace } = await play(story, conditions);
    if (problems.length > 0) throw new Error([...problems, 'the history:', ...trace].join('\n'));
  });
}
