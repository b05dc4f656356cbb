import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './children.ts';
import { treeCpuMs } from './process-tree.ts';
import { nowMs } from './time.ts';

/** A prober whose CPU time is measured in windows, which take turns with those of its row. */
export interface Contender {
  readonly name: string;
  /** Starts or continues it. */
  resume(): Promise<Child>;
  /** Stops or pauses it, so that the next one has the machine. */
  pause(): Promise<void>;
  /** The checks done so far. */
  count(): Promise<number>;
  /** From its start or continuation until it is in its rhythm. */
  readonly settleMs: number;
}

export interface Window {
  /** CPU time of the whole process tree for each check, in microseconds. */
  readonly usPerCheck: number;
  readonly checksPerSecond: number;
}

export interface Rounds {
  readonly rounds: number;
  readonly windowMs: number;
}

/** Takes so many windows of each contender in turn. Returns them by the contender's name. */
export async function takeTurns(
  contenders: readonly Contender[],
  { rounds, windowMs }: Rounds,
): Promise<ReadonlyMap<string, readonly Window[]>> {
  const windows = new Map(contenders.map(({ name }) => [name, [] as Window[]]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, resume, pause, count, settleMs } of contenders) {
      const { pid } = await resume();
      await sleep(settleMs);
      windows.get(name)?.push(await takeWindow(pid, count, windowMs));
      await pause();
    }
  }
  return windows;
}

/** A prober that is restarted for each window, since it has nothing to warm up. */
export function startedAnew(name: string, start: () => Child, count: Count): Contender {
  let running: Child | null = null;
  return {
    name,
    count,
    settleMs: 500,
    async resume() {
      running = start();
      return running;
    },
    pause: async () => running?.stop(),
  };
}

/**
 * A prober that SIGSTOP pauses between its windows, so that it stays warm. After SIGCONT it has missed
 * some slots. The settling time brings it back into its rhythm.
 */
export function stoppedBetween(name: string, child: Child, count: Count): Contender {
  process.kill(child.pid, 'SIGSTOP');
  return {
    name,
    count,
    settleMs: 1200,
    async resume() {
      process.kill(child.pid, 'SIGCONT');
      return child;
    },
    async pause() {
      process.kill(child.pid, 'SIGSTOP');
    },
  };
}

type Count = Contender['count'];

async function takeWindow(pid: number, count: Count, windowMs: number): Promise<Window> {
  const countBefore = await count();
  const cpuBeforeMs = treeCpuMs(pid);
  const startMs = nowMs();
  await sleep(windowMs);
  const cpuMs = treeCpuMs(pid) - cpuBeforeMs;
  const tookMs = nowMs() - startMs;
  const checks = (await count()) - countBefore;
  return { usPerCheck: (cpuMs * 1000) / checks, checksPerSecond: (checks * 1000) / tookMs };
}
