import type { ExecOutput } from './exec.ts';

/** In brackets, what a process did that it should not: leave others behind, print too much. Else empty. */
export function besides({ left, droppedBytes = 0 }: ExecOutput): string {
  const notes: string[] = [];
  if (left === 'killed') notes.push('left processes running, which were killed');
  if (left === 'out-of-reach') notes.push('left a process running, out of reach');
  if (droppedBytes >= LARGE_BYTES) notes.push(`printed ${Math.round(droppedBytes / 1e6)} MB`);
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}

/** Discarded output of less than this costs nothing worth a note. */
const LARGE_BYTES = 1e6;
