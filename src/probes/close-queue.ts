/**
 * Closes what is done with in the pauses of other work: when a thousand answers come in one moment,
 * what they say is wanted at once, and each close(2) takes as long as to read one. Where there is no
 * pause, the oldest is closed for each that comes, so that no more than `MOST_WAITING` are held open.
 */
export class CloseQueue {
  #waiting: (() => void)[] = [];
  #next = 0;
  #isPending = false;

  add(close: () => void): void {
    this.#waiting.push(close);
    if (this.#waiting.length - this.#next > MOST_WAITING) this.#closeOldest();
    if (!this.#isPending) this.#closeSoon();
  }

  #closeSoon(): void {
    this.#isPending = true;
    setImmediate(() => this.#closeSome());
  }

  /** So few in each turn of the event loop that timers and reads hardly wait. */
  #closeSome(): void {
    for (let i = 0; i < PER_TURN && this.#next < this.#waiting.length; i++) this.#closeOldest();
    if (this.#next < this.#waiting.length) this.#closeSoon();
    else this.#isPending = false;
  }

  #closeOldest(): void {
    const close = this.#waiting[this.#next];
    this.#next += 1;
    if (this.#next === this.#waiting.length || this.#next > MOST_WAITING) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    close?.();
  }
}

/** They take half a millisecond together. */
const PER_TURN = 16;
const MOST_WAITING = 1024;
