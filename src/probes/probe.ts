import type { Verdict } from '../core/verdict.ts';
import type { Endpoint } from './idle-connection.ts';

/** One check of one backend. */
export interface Probe {
  /** Where it connects to; null for a script. */
  readonly endpoint: Endpoint | null;
  /**
   * Makes one attempt, one at a time. `done` gets the verdict, once, perhaps before this returns.
   * Never throws, and has no timer: the caller cuts the attempt at the deadline.
   */
  start(done: Done): Attempt;
  /** Closes what it keeps between attempts, such as an idle connection. */
  close(): void;
}

export type Done = (verdict: Verdict) => void;

/** A probe in flight. */
export interface Attempt {
  /**
   * Ends the attempt at its deadline. The verdict comes within this turn of the event loop, with the
   * reason for the phase it was in (`connect-timeout`, `read-timeout` ...). No descriptor stays open
   * and no process group of a script stays alive. Does nothing after the verdict.
   */
  cut(): void;
}
