import { type ChildProcess, type SpawnOptions, spawn } from 'node:child_process';
import { endTree } from './process-tree.ts';

/** A process that the bench has started. */
export interface Child {
  readonly process: ChildProcess;
  readonly pid: number;
  readonly exited: Promise<void>;
  /** Sends SIGTERM. Kills it and all that it started if it does not end. */
  stop(): Promise<void>;
}

/** All processes of the bench, so that none outlives it. */
export interface Children {
  start(argv: readonly string[], options?: SpawnOptions): Child;
  stopAll(): Promise<void>;
  /** Kills those that still run, with all that they started. */
  killAll(): void;
}

const STOP_MS = 8000;

export function createChildren(): Children {
  const running = new Set<Child>();
  return {
    start([command = '', ...args], options = {}) {
      // Raise the limit of descriptors as far as allowed: thousands of probes need them.
      const raised = ['-c', 'ulimit -n "$(ulimit -Hn)" 2>/dev/null; exec "$@"', 'sh', command];
      const started = spawn('/bin/sh', [...raised, ...args], {
        stdio: ['ignore', 'ignore', 'inherit'],
        ...options,
      });
      const child: Child = {
        process: started,
        pid: started.pid ?? -1,
        exited: new Promise((resolve) => started.once('exit', () => resolve())),
        async stop() {
          if (!running.has(child)) return;
          started.kill('SIGCONT');
          started.kill('SIGTERM');
          const late = setTimeout(() => endTree(child.pid), STOP_MS);
          await child.exited;
          clearTimeout(late);
        },
      };
      running.add(child);
      started.once('exit', () => running.delete(child));
      return child;
    },
    async stopAll() {
      await Promise.all([...running].map((child) => child.stop()));
    },
    killAll() {
      for (const { pid } of running) endTree(pid);
    },
  };
}
