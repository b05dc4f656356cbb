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

/** Resolves when the event loop has read since the last start. */
let afterLast = Promise.resolve();

/**
 * A start pauses the event loop for milliseconds. So the loop reads between two starts, and the answers
 * to probes do not wait for many starts.
 */
function turnToStart(): Promise<void> {
  const turn = afterLast;
  afterLast = turn.then(afterReads);
  return turn;
}

/** Two turns: a read may have asked for the start, and the first turn is then the one that reads now. */
function afterReads(): Promise<void> {
  return new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
}
