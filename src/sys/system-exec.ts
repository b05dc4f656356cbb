import type { Exec } from './exec.ts';
import { startProcess } from './exec-start.ts';
import { followProcess } from './follow-process.ts';

/** Runs a real process in a process group of its own, started by execa. */
export const systemExec: Exec = async (request) => {
  const startedMs = performance.now();
  const { signal } = request;
  if (signal?.aborted) return { kind: 'aborted', stdout: '', stderr: '', durationMs: 0 };
  const started = startProcess(request);
  if (started.kind === 'not-started') return started.result;
  const { result, abort } = followProcess(started.process, request, startedMs);
  signal?.addEventListener('abort', abort, { once: true });
  const ended = await result;
  signal?.removeEventListener('abort', abort);
  return ended;
};
