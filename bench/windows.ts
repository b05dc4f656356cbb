import { setTimeout as sleep } from 'node:timers/promises';
import type { Child } from './children.ts';
import { treeCpuMs } from './process-tree.ts';
import { nowMs } from './time.ts';

/** A prober whose CPU time is measured in windows, in turn with the others of its row. */
export interface Contender {
  readonly name: string;
  /** Starts it, or lets it go on. */
  resume(): Promise<Child>;
  /** Leaves the machine to the next. */
  pause(): Promise<void>;
  /** The checks that are done so far. */
  count(): Promise<number>;
  /** From its start, or from its going on, until it is in its rhythm. */
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

/** Windows of each contender in turn, as often as asked; by the contender's name. */
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

/** A prober that is started anew for each window: one without anything to warm up. */
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
 * A prober that is paused between its windows, so that it stays warm. After SIGCONT it has missed
 * some slots; the settling time is for it to be back in its rhythm.
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
