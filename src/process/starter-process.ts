import { writeSync } from 'node:fs';
import { followProcess } from './follow-process.ts';
import { startPlainly } from './plain-start.ts';
import {
  createRequestDecoder,
  encodeReply,
  type ScriptRun,
  type StarterReply,
  type StarterRequest,
} from './starter-messages.ts';

/** Only the end of stdin ends this process. By default SIGUSR1 starts Node's debugger, the others end it. */
const IGNORED_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * The process that starts scripts where there is no perl for libexec/script-starter, which does the
 * same in less memory. Requests come by stdin, replies go to stdout. The end of stdin means that hfmd is
 * gone: all scripts are killed.
 */
export function serveStarts(): void {
  const running = new Map<number, { abort(): void }>();
  const follow = (id: number, run: ScriptRun): void => {
    const startedMs = performance.now();
    const started = startPlainly(run);
    if (started instanceof Promise) {
      void started.then((errno) => reply({ kind: 'refused', id, errno }));
      return;
    }
    reply({ kind: 'pid', id, pid: started.pid });
    const followed = followProcess(started, run, startedMs);
    running.set(id, followed);
    void followed.result.then((result) => {
      running.delete(id);
      reply({ kind: 'done', id, result });
    });
  };
  /** Started one at a time, so that the end of other scripts is reported meanwhile. */
  const waiting = new Map<number, ScriptRun>();
  const startNext = (): void => {
    const [next] = waiting;
    if (next === undefined) return;
    const [id, run] = next;
    waiting.delete(id);
    follow(id, run);
    if (waiting.size > 0) setImmediate(startNext);
  };
  const abort = (id: number): void => {
    if (waiting.delete(id)) reply({ kind: 'done', id, result: NOT_STARTED });
    else running.get(id)?.abort();
  };
  const onRequest = (request: StarterRequest): void => {
    switch (request.kind) {
      case 'ping':
        reply({ kind: 'ready' });
        return;
      case 'abort':
        abort(request.id);
        return;
      case 'run':
        waiting.set(request.id, request.run);
        if (waiting.size === 1) setImmediate(startNext);
    }
  };
  const end = (): void => {
    for (const followed of running.values()) followed.abort();
    process.exit(0);
  };
  for (const signal of IGNORED_SIGNALS) process.on(signal, () => {});
  process.stdin.on('data', createRequestDecoder(onRequest));
  for (const event of ['end', 'error'] as const) process.stdin.on(event, end);
  reply({ kind: 'ready' });

  /** Blocks while hfmd does not read: there is nothing better to do then. */
  function reply(message: StarterReply): void {
    let rest = encodeReply(message);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
    } catch {
      // EPIPE: hfmd is gone.
      end();
    }
  }
}

const NOT_STARTED = {
  kind: 'aborted',
  stdout: '',
  stderr: '',
  truncated: true,
  durationMs: 0,
} as const;
