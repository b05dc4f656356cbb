import type { Exec } from './exec.ts';
import { startProcess } from './exec-start.ts';
import { followProcess } from './follow-process.ts';

/** Runs a real process in a process group of its own, started by execa. */
export const systemExec: Exec = async (request) => {
  await turnToStart();
  const { signal } = request;
  if (signal?.aborted) return { kind: 'aborted', stdout: '', stderr: '', durationMs: 0 };
  const startedMs = performance.now();
  const started = startProcess(request);
  if (started.kind === 'not-started') return started.result;
  const { result, abort } = followProcess(started.process, request, startedMs);
  signal?.addEventListener('abort', abort, { once: true });
  const ended = await result;
  signal?.removeEventListener('abort', abort);
  return ended;
};

/** Resolves when the loop has read since the last start. */
let afterLast = Promise.resolve();

/**
 * While a process is started the loop stands still for milliseconds: between two starts it reads what
 * can be read by then, so that answers to probes do not wait for all of many.
 */
function turnToStart(): Promise<void> {
  const turn = afterLast;
  afterLast = turn.then(afterReads);
  return turn;
}

/** The first may come in the turn of the loop that reads now, where a start is the answer to a read. */
function afterReads(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
