/**
 * Closes what is done with in the pauses of other work: when a thousand answers come in one moment,
 * what they say is wanted at once, and each close(2) takes as long as to read one.
 */
export class CloseQueue {
  #waiting: (() => void)[] = [];
  #next = 0;

  add(close: () => void): void {
    this.#waiting.push(close);
    if (this.#waiting.length === 1) setImmediate(() => this.#closeSome());
  }

  /** So few in each turn of the event loop that timers and reads hardly wait. */
  #closeSome(): void {
    const end = Math.min(this.#next + PER_TURN, this.#waiting.length);
    while (this.#next < end) {
      this.#waiting[this.#next]?.();
      this.#next += 1;
    }
    if (this.#next < this.#waiting.length) {
      setImmediate(() => this.#closeSome());
      return;
    }
    this.#waiting = [];
    this.#next = 0;
  }
}

/** They take half a millisecond together. */
const PER_TURN = 16;
