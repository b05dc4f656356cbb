import type { Verdict } from '../core/verdict.ts';

/**
 * One check against one backend.
 *
 * `run` makes one attempt. It never rejects. It keeps no time: the caller aborts `signal` at the
 * deadline, and `run` then settles within that turn of the event loop, with the reason that names
 * the phase it was in (`connect-timeout`, `read-timeout` ...), leaving nothing running that holds a
 * descriptor or, for a script, a process group.
 */
export interface Probe {
  run(signal: AbortSignal): Promise<Verdict>;
  /** Gives up what it keeps between runs, such as an idle connection. */
  close(): void;
}
