import type { PfError } from '../pf/driver.ts';

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 5000;

/** The trouble that pf makes with a table: since when, what it is, and when it is tried again. */
export class TableTrouble {
  #failures = 0;
  #sinceMs = 0;
  #last: PfError | null = null;

  /** Notes that an attempt has failed; says whether that is trouble that begins or becomes another. */
  note(error: PfError, nowMs: number): boolean {
    const last = this.#last;
    if (last === null) this.#sinceMs = nowMs;
    this.#failures += 1;
    this.#last = error;
    if (last?.kind !== error.kind) return true;
    // Rights are given one by one: each that is missing is a trouble of its own.
    return error.kind === 'permission' && error.message !== last.message;
  }

  /** Notes that an attempt went well; says how long the trouble was, null where there was none. */
  end(nowMs: number): number | null {
    if (this.#last === null) return null;
    this.#failures = 0;
    this.#last = null;
    return nowMs - this.#sinceMs;
  }

  /** Whether the last attempt has failed in this way too. */
  isAgain(kind: PfError['kind']): boolean {
    return this.#last?.kind === kind;
  }

  /** How long to wait for the next attempt: twice as long after each that failed, `resyncMs` at most. */
  waitMs(resyncMs: number): number {
    if (this.#failures === 0) return resyncMs;
    const backoffMs = FIRST_BACKOFF_MS * 2 ** Math.min(this.#failures - 1, 16);
    return Math.min(resyncMs, MAX_BACKOFF_MS, backoffMs);
  }
}
