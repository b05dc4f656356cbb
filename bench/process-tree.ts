import { readdirSync, readFileSync } from 'node:fs';

/** The unit of proc_pid_stat(5). Linux shows 100 a second on every machine. */
const TICK_MS = 10;

/**
 * CPU time of a process and all that it started, user and system, in milliseconds. For running
 * processes it adds the scheduler's nanoseconds of each thread, for ended ones what their parent has
 * waited for.
 */
export function treeCpuMs(root: number): number {
  return treeOf(root).reduce((sum, stat) => sum + runningMs(stat) + stat.endedMs, 0);
}

/** Resident memory of a process and all that it started, in MB (2^20 bytes). */
export function treeRssMb(root: number): number {
  const kilobytes = treeOf(root).map(({ pid }) => {
    const status = readOrEmpty(`/proc/${pid}/status`);
    return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0);
  });
  return kilobytes.reduce((sum, kb) => sum + kb, 0) / 1024;
}

export function endTree(root: number): void {
  for (const { pid } of treeOf(root)) {
    try {
      process.kill(pid, 'SIGKILL');
    } catch (error) {
      // ESRCH: it has ended meanwhile.
      if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
    }
  }
}

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ownMs: number;
  readonly endedMs: number;
}

/** The process itself comes first. */
function treeOf(root: number): Stat[] {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map((name) => statOf(Number(name)))
    .filter((stat) => stat !== null);
  const tree = all.filter(({ pid }) => pid === root);
  for (const { pid } of tree) tree.push(...all.filter(({ parent }) => parent === pid));
  return tree;
}

/** Null if the process has ended meanwhile. */
function statOf(pid: number): Stat | null {
  const text = readOrEmpty(`/proc/${pid}/stat`);
  if (text === '') return null;
  // The name in parentheses may contain anything. The third field follows it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const field = (number: number): number => Number(fields[number - 3]);
  return {
    pid,
    parent: field(4),
    ownMs: (field(14) + field(15)) * TICK_MS,
    endedMs: (field(16) + field(17)) * TICK_MS,
  };
}

function runningMs({ pid, ownMs }: Stat): number {
  let sumNs = 0;
  for (const thread of threadsOf(pid)) {
    const text = readOrEmpty(`/proc/${pid}/task/${thread}/schedstat`);
    if (text === '') return ownMs;
    sumNs += Number(text.split(' ', 1)[0]);
  }
  return sumNs / 1e6;
}

function threadsOf(pid: number): string[] {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
}

/** Empty for a process that has ended meanwhile. */
function readOrEmpty(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
