import type { Verdict } from '../core/verdict.ts';
import type { Endpoint } from './idle-connection.ts';

/** One check against one backend. */
export interface Probe {
  /** Where it connects to; null for a script, which does as it likes. */
  readonly endpoint: Endpoint | null;
  /**
   * Makes one attempt; its verdict goes to `done`, once. Never throws, and keeps no time of its own:
   * the caller cuts the attempt at the deadline. One at a time.
   */
  start(done: Done): Attempt;
  /** Gives up what it keeps between attempts, such as an idle connection. */
  close(): void;
}

export type Done = (verdict: Verdict) => void;

/** A probe under way. */
export interface Attempt {
  /**
   * Its time is over: the verdict, with the reason that names the phase it was in (`connect-timeout`,
   * `read-timeout` ...), comes within this turn of the event loop, and nothing is left running that
   * holds a descriptor or, for a script, a process group. Does nothing once the verdict was given.
   */
  cut(): void;
}
