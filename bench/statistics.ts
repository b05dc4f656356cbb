/** The value below which `share` (0 to 1) of the values lie, by the nearest rank; NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[rank - 1] ?? Number.NaN;
}

/** The middle value, or the mean of the middle two; NaN for none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const half = sorted.length / 2;
  if (!Number.isInteger(half)) return sorted[Math.floor(half)] ?? Number.NaN;
  return ((sorted[half - 1] ?? Number.NaN) + (sorted[half] ?? Number.NaN)) / 2;
}

/** One probe's start, as its backend saw it. */
export interface Start {
  readonly backend: number;
  readonly atMs: number;
}

/**
 * How late each start was, in milliseconds, against the grid of its own backend. The grid has one
 * start every `intervalMs`; the earliest start, relative to the grid, sets it and is never late. A
 * lateness that is always the same can't be seen from outside. A backend with only one start gives
 * no value.
 */
export function latenessOf(starts: readonly Start[], intervalMs: number): number[] {
  const byBackend = new Map<number, number[]>();
  for (const { backend, atMs } of starts) {
    const ofOne = byBackend.get(backend);
    if (ofOne === undefined) byBackend.set(backend, [atMs]);
    else ofOne.push(atMs);
  }
  return [...byBackend.values()].flatMap((timesMs) => {
    if (timesMs.length < 2) return [];
    const firstMs = Math.min(...timesMs);
    const offsets = timesMs.map((atMs) => {
      const slot = Math.round((atMs - firstMs) / intervalMs);
      return atMs - firstMs - slot * intervalMs;
    });
    const earliest = Math.min(...offsets);
    return offsets.map((offset) => offset - earliest);
  });
}
