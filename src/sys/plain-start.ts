import { spawn } from 'node:child_process';
import type { ExecResult, ScriptRequest } from './exec.ts';
import type { StartedProcess } from './follow-process.ts';
import { spawnErrorText, whyNotRunnable } from './program-file.ts';

type NotStarted = Extract<ExecResult, { kind: 'not-started' }>;

/**
 * Starts a process without execa: argv without a shell, an explicit environment, empty stdin, a
 * process group of its own. Of the insides of `child_process`, which would save the two sockets'
 * 0.3 ms, nothing is used: they changed within Node 24.
 */
export function startPlainly({
  argv,
  env,
}: Pick<ScriptRequest, 'argv' | 'env'>): StartedProcess | Promise<NotStarted> {
  const [file = '', ...args] = argv;
  const broken = whyNotRunnable(file);
  if (broken !== null) {
    const { code, why } = broken;
    return Promise.resolve({ kind: 'not-started', code, message: why });
  }
  try {
    const child = spawn(file, args, { env, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const { pid } = child;
    if (pid !== undefined) return { pid, child, watchPipe: null };
    return new Promise((resolve) => {
      child.once('error', (error) => resolve(notStarted(error)));
    });
  } catch (error) {
    return Promise.resolve(notStarted(error));
  }
}

function notStarted(error: unknown): NotStarted {
  const { code, message } = error as NodeJS.ErrnoException;
  // Node's own codes, such as that of a NUL in an argument, are for programmers.
  const isErrno = code !== undefined && /^E[A-Z0-9]+$/.test(code);
  if (!isErrno) return { kind: 'not-started', code: 'EINVAL', message };
  return { kind: 'not-started', code, message: spawnErrorText(code, message) };
}
