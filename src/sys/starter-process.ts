import { writeSync } from 'node:fs';
import { followProcess } from './follow-process.ts';
import { startPlainly } from './plain-start.ts';
import {
  type BareRequest,
  createDecoder,
  encode,
  type Order,
  type Word,
} from './starter-messages.ts';

/** What would end hfmd, or make Node wait for a debugger: only the end of stdin ends this process. */
const UNHEARD = ['SIGHUP', 'SIGINT', 'SIGTERM', 'SIGUSR1', 'SIGUSR2'] as const;

/**
 * The process that starts scripts: orders come by stdin, words go to stdout. When stdin ends, hfmd
 * is gone: all scripts are killed.
 */
export function serveStarts(): void {
  const running = new Map<number, { abort(): void }>();
  const follow = (id: number, run: BareRequest): void => {
    const startedMs = performance.now();
    const started = startPlainly(run);
    if (started instanceof Promise) {
      void started.then((result) => tell({ id, result }));
      return;
    }
    tell({ id, pid: started.pid });
    const followed = followProcess(started, run, startedMs);
    running.set(id, followed);
    void followed.result.then((result) => {
      running.delete(id);
      tell({ id, result });
    });
  };
  const onOrder = (order: Order): void => {
    if ('ping' in order) tell({ here: true });
    else if ('abort' in order) running.get(order.id)?.abort();
    else follow(order.id, order.run);
  };
  const end = (): void => {
    for (const followed of running.values()) followed.abort();
    process.exit(0);
  };
  for (const signal of UNHEARD) process.on(signal, () => {});
  process.stdin.setEncoding('utf8').on('data', createDecoder(onOrder));
  for (const event of ['end', 'error'] as const) process.stdin.on(event, end);
  tell({ here: true });

  /** Blocks where hfmd does not read: there is nothing better to do then. */
  function tell(word: Word): void {
    let rest = Buffer.from(encode(word));
    try {
      while (rest.length > 0) rest = rest.subarray(writeSync(1, rest));
    } catch {
      // EPIPE: hfmd is gone.
      end();
    }
  }
}
