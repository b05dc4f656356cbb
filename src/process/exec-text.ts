import type { ExecOutput } from './exec.ts';

/** What a process did beside its work, and should not, in brackets; empty for one that is tidy. */
export function besides({ left, droppedBytes = 0 }: ExecOutput): string {
  const notes: string[] = [];
  if (left === 'killed') notes.push('left processes running, which were killed');
  if (left === 'out-of-reach') notes.push('left a process running, out of reach');
  if (droppedBytes >= BABBLE_BYTES) notes.push(`printed ${Math.round(droppedBytes / 1e6)} MB`);
  return notes.length === 0 ? '' : ` (${notes.join('; ')})`;
}

/** What is printed beyond the bound does no harm; from here on it costs. */
const BABBLE_BYTES = 1e6;
