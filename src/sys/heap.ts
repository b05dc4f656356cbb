import { setFlagsFromString } from 'node:v8';

/** Where few checks are, half of their heap is less than what their answers take that come at once. */
const LEAST_GROWTH_MB = 32;
const LEAST_GROWTH_PERCENT = 50;

/** What is live: the program itself, and each check. */
const PROGRAM_MB = 16;
const CHECK_MB = 0.005;

/**
 * Lets V8's heap grow by half of what is live before it is collected, and by some 32 MB at least; it
 * would wait for several times as much, and a firewall has better uses for 100 MB. Takes effect at
 * once; the size of the young generation, which does not, is in the first line of the installed hfmd.
 */
export function keepHeapSmall(checks: number): void {
  setFlagsFromString(`--heap-growing-percent=${growthPercent(checks)}`);
}

export function growthPercent(checks: number): number {
  const liveMb = PROGRAM_MB + checks * CHECK_MB;
  return Math.max(LEAST_GROWTH_PERCENT, Math.round((100 * LEAST_GROWTH_MB) / liveMb));
}
