import type { Outcome } from './row.ts';
import { median } from './statistics.ts';
import type { Window } from './windows.ts';

/** A window with fewer checks than this share of the configured ones does not count. */
const ENOUGH = 0.97;

/** CPU time of a check as a multiple of the floor's. Compares each window with the floor's next to it. */
export function ratioOf(
  own: readonly Window[],
  floors: readonly Window[],
  wantedPerSecond: number,
): Outcome {
  const ratios = own.map(({ usPerCheck }, i) => usPerCheck / (floors[i]?.usPerCheck ?? Number.NaN));
  const slowest = Math.min(...own.map(({ checksPerSecond }) => checksPerSecond));
  const isTooFew = slowest < ENOUGH * wantedPerSecond;
  const usOf = (windows: readonly Window[]): string =>
    median(windows.map(({ usPerCheck }) => usPerCheck)).toFixed(0);
  return {
    kind: 'measured',
    figure: median(ratios),
    windows: ratios,
    faults: isTooFew ? [`${slowest.toFixed(0)} checks/s of ${wantedPerSecond}`] : [],
    notes: [`${usOf(own)} us a check, floor ${usOf(floors)} us`],
  };
}
