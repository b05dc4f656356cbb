import { writeSync } from 'node:fs';
import { followProcess } from './follow-process.ts';
import { startPlainly } from './plain-start.ts';
import {
  type BareRequest,
  createOrderDecoder,
  encodeWord,
  type Order,
  type Word,
} from './starter-messages.ts';

/** What would end hfmd, or make Node wait for a debugger: only the end of stdin ends this process. */
const UNHEARD = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * The process that starts scripts where there is no perl for libexec/script-starter, which does the
 * same in less memory: orders come by stdin, words go to stdout. When stdin ends, hfmd
 * is gone: all scripts are killed.
 */
export function serveStarts(): void {
  const running = new Map<number, { abort(): void }>();
  const follow = (id: number, run: BareRequest): void => {
    const startedMs = performance.now();
    const started = startPlainly(run);
    if (started instanceof Promise) {
      void started.then((errno) => tell({ kind: 'refused', id, errno }));
      return;
    }
    tell({ kind: 'pid', id, pid: started.pid });
    const followed = followProcess(started, run, startedMs);
    running.set(id, followed);
    void followed.result.then((result) => {
      running.delete(id);
      tell({ kind: 'done', id, result });
    });
  };
  /** One at a time, so that what ends meanwhile is told of. */
  const waiting = new Map<number, BareRequest>();
  const startNext = (): void => {
    const [next] = waiting;
    if (next === undefined) return;
    const [id, run] = next;
    waiting.delete(id);
    follow(id, run);
    if (waiting.size > 0) setImmediate(startNext);
  };
  const abort = (id: number): void => {
    if (waiting.delete(id)) tell({ kind: 'done', id, result: UNBEGUN });
    else running.get(id)?.abort();
  };
  const onOrder = (order: Order): void => {
    switch (order.kind) {
      case 'ping':
        tell({ kind: 'here' });
        return;
      case 'abort':
        abort(order.id);
        return;
      case 'run':
        waiting.set(order.id, order.run);
        if (waiting.size === 1) setImmediate(startNext);
    }
  };
  const end = (): void => {
    for (const followed of running.values()) followed.abort();
    process.exit(0);
  };
  for (const signal of UNHEARD) process.on(signal, () => {});
  process.stdin.on('data', createOrderDecoder(onOrder));
  for (const event of ['end', 'error'] as const) process.stdin.on(event, end);
  tell({ kind: 'here' });

  /** Blocks where hfmd does not read: there is nothing better to do then. */
  function tell(word: Word): void {
    let rest = encodeWord(word);
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
    } catch {
      // EPIPE: hfmd is gone.
      end();
    }
  }
}

const UNBEGUN = {
  kind: 'aborted',
  stdout: '',
  stderr: '',
  truncated: true,
  durationMs: 0,
} as const;
