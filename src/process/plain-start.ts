import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { whyNotRunnable } from '../sys/program-file.ts';
import type { ScriptRequest } from './exec.ts';
import type { StartedProcess } from './follow-process.ts';

/**
 * Starts a process without execa: argv without a shell, an explicit environment, empty stdin, a
 * process group of its own. Does not use the internals of `child_process`, which would save 0.3 ms for
 * two sockets: they changed within Node 24. The result is a number of errno(2) when no process starts.
 */
export function startPlainly({
  argv,
  env,
}: Pick<ScriptRequest, 'argv' | 'env'>): StartedProcess | Promise<number> {
  const [file = '', ...args] = argv;
  const broken = whyNotRunnable(file);
  if (broken !== null) return Promise.resolve(errnoOf(broken));
  try {
    const child = spawn(file, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const { pid } = child;
    if (pid !== undefined) return { pid, child, watchPipe: null };
    return new Promise((resolve) => {
      child.once('error', (error) => resolve(errnoOf(error)));
    });
  } catch (error) {
    return Promise.resolve(errnoOf(error));
  }
}

function errnoOf(error: unknown): number {
  const { code = '' } = error as NodeJS.ErrnoException;
  const numbers: Readonly<Record<string, number>> = constants.errno;
  // Node's own codes, such as the one for a NUL in an argument, have no number.
  return numbers[code] ?? constants.errno.EINVAL;
}
