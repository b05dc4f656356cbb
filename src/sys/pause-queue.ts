/**
 * Work that can wait for the pauses of other work. When a thousand answers come in one moment, what
 * they say is wanted at once, while to close a connection or to write a line of the log takes as long
 * as to read one. Where there is no pause, the oldest is done for each that comes, so that no more
 * than `most` wait, 1024 without it.
 */
export class PauseQueue {
  most = MOST_WAITING;
  #waiting: (() => void)[] = [];
  #next = 0;
  #isPending = false;

  add(work: () => void): void {
    this.#waiting.push(work);
    while (this.#waiting.length - this.#next > this.most) this.#doOldest();
    if (!this.#isPending) this.#doSoon();
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
export const MOST_WAITING = 1024;
