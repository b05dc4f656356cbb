import type { ChildProcess } from 'node:child_process';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Writable } from 'node:stream';
import { execa } from 'execa';
import { spawnErrorText, whyNotRunnable } from '../sys/program-file.ts';
import type { ExecRequest, ExecResult } from './exec.ts';
import type { OutputPipe } from './exec-output.ts';
import type { StartedProcess } from './follow-process.ts';

type NotStarted = Extract<ExecResult, { kind: 'not-started' }>;

type Start =
  | { readonly kind: 'started'; readonly process: StartedProcess }
  | { readonly kind: 'not-started'; readonly result: Promise<NotStarted> };

/**
 * Starts a process: argv without a shell, an explicit environment, a process group of its own.
 * Does not use execa's timeout, buffers and kill: they wait for every process that holds the pipes.
 */
export function startProcess({ argv, env, stdin, watchesChildren }: ExecRequest): Start {
  const [file = '', ...args] = argv;
  const broken = whyNotRunnable(file);
  if (broken !== null) {
    const { code, why } = broken;
    return { kind: 'not-started', result: Promise.resolve(refused(code, why)) };
  }
  const spawned: ChildProcess[] = [];
  const onSpawn = (message: unknown) => {
    if (isSpawnMessage(message)) spawned.push(message.process);
  };
  subscribe('child_process', onSpawn);
  try {
    const child = execa(file, args, {
      env,
      extendEnv: false,
      detached: true,
      reject: false,
      buffer: false,
      stdio: [
        stdin === undefined ? 'ignore' : 'pipe',
        'pipe',
        'pipe',
        ...(watchesChildren ? (['pipe'] as const) : []),
      ],
    });
    const { pid } = child;
    if (pid === undefined) {
      return { kind: 'not-started', result: child.then((outcome) => notStarted(outcome.cause)) };
    }
    if (stdin !== undefined && child.stdin !== null) writeInput(child.stdin, stdin);
    const watchPipe = watchesChildren ? (child.stdio[3] as unknown as OutputPipe) : null;
    return { kind: 'started', process: { pid, child, watchPipe } };
  } catch (error) {
    // execa 9.6 with EMFILE or ENFILE throws "subprocess.stdio is not iterable" and leaves the child
    // without a listener for the `error` event that follows, which would end hfmd.
    const [child] = spawned;
    const failed = child !== undefined && child.pid === undefined;
    return {
      kind: 'not-started',
      result: failed ? nextError(child) : Promise.resolve(notStarted(error)),
    };
  } finally {
    unsubscribe('child_process', onSpawn);
  }
}

function notStarted(error: unknown): NotStarted {
  const message = error instanceof Error ? error.message : String(error);
  const code = errorCode(error);
  return refused(code, spawnErrorText(code, message));
}

function refused(code: string, message: string): NotStarted {
  return { kind: 'not-started', code, message };
}

function nextError(child: ChildProcess): Promise<NotStarted> {
  return new Promise((resolve) => {
    child.once('error', (error) => resolve(notStarted(error)));
  });
}

function errorCode(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' ? code : 'EINVAL';
}

function writeInput(pipe: Writable, text: string): void {
  // EPIPE, ECONNRESET: the process does not read its input, or not all of it, as it may.
  pipe.on('error', () => {});
  pipe.end(text);
}

// Node's API docs, diagnostics_channel, `child_process`: { process: ChildProcess }.
function isSpawnMessage(message: unknown): message is { readonly process: ChildProcess } {
  return typeof message === 'object' && message !== null && 'process' in message;
}
