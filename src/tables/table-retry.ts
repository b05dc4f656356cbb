import type { PfError } from '../pf/driver.ts';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5000;

/** The failures of a table in a row: since when it fails, how, and when it is tried again. */
export class TableRetry {
  #failures = 0;
  #sinceMs = 0;
  #last: PfError | null = null;

  /** Counts a failed attempt. Says whether it is the first, or another failure than the last one. */
  failed(error: PfError, nowMs: number): boolean {
    const last = this.#last;
    if (last === null) this.#sinceMs = nowMs;
    this.#failures += 1;
    this.#last = error;
    if (last?.kind !== error.kind) return true;
    // Rights are given one by one: each that is missing is a failure of its own.
    return error.kind === 'permission' && error.message !== last.message;
  }

  /** Notes an attempt that went well. Says how long the table had failed, null if it had not. */
  succeeded(nowMs: number): number | null {
    if (this.#last === null) return null;
    this.#failures = 0;
    this.#last = null;
    return nowMs - this.#sinceMs;
  }

  /** Whether the last attempt failed, and in this way. */
  hasFailedBy(kind: PfError['kind']): boolean {
    return this.#last?.kind === kind;
  }

  /** How long to wait for the next attempt: twice as long after each that failed, `resyncMs` at most. */
  waitMs(resyncMs: number): number {
    if (this.#failures === 0) return resyncMs;
    const backoffMs = FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 16);
    return Math.min(resyncMs, MAX_BACKOFF_MS, backoffMs);
  }
}
