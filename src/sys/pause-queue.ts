/**
 * Work that can wait for the pauses of other work. When a thousand answers come in one moment, what
 * they say is wanted at once, while to close a connection or to write a line of the log takes as long
 * as to read one. A turn of the event loop in which nothing more came is a pause; after 100 ms without
 * one it is done beside the other work. No more than `most` wait, 1024 without it: beyond that the
 * oldest is done for each that comes.
 */
export class PauseQueue {
  most = MOST_WAITING;
  #waiting: (() => void)[] = [];
  #next = 0;
  #isPending = false;
  /** Whether something came since the last turn of the event loop. */
  #hasMore = false;
  /** When what waits has waited for a pause long enough, monotonic. */
  #patienceEndsMs = 0;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  add(work: () => void): void {
    this.#waiting.push(work);
    this.#hasMore = true;
    while (this.#waiting.length - this.#next > this.most) this.#doOldest();
    if (this.#isPending) return;
    this.#patienceEndsMs = this.#nowMs() + PATIENCE_MS;
    this.#doSoon();
  }

  /** Does all that waits. */
  drain(): void {
    while (this.#next < this.#waiting.length) this.#doOldest();
  }

  #doSoon(): void {
    this.#isPending = true;
    setImmediate(() => this.#doSome());
  }

  /** So few in each turn of the event loop that timers and reads hardly wait. */
  #doSome(): void {
    const isPause = !this.#hasMore;
    this.#hasMore = false;
    if (!isPause && this.#nowMs() < this.#patienceEndsMs) {
      this.#doSoon();
      return;
    }
    for (let i = 0; i < PER_TURN && this.#next < this.#waiting.length; i++) this.#doOldest();
    if (this.#next < this.#waiting.length) this.#doSoon();
    else this.#isPending = false;
  }

  #doOldest(): void {
    const work = this.#waiting[this.#next];
    this.#next += 1;
    if (this.#next === this.#waiting.length || this.#next > MOST_WAITING) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    work?.();
  }
}

/** They take half a millisecond together. */
const PER_TURN = 16;
/** As long as a moment of many may be. */
const PATIENCE_MS = 100;
export const MOST_WAITING = 1024;
