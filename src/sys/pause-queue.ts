/**
 * Runs work in the pauses of more urgent work. When a thousand answers arrive at once, hfmd must read
 * them first: closing a connection or writing a log line takes as long as reading an answer. A pause
 * is a turn of the event loop in which nothing was added. After 100 ms without a pause, the queue runs
 * its work beside the other work. At most `most` items wait (by default 1024); beyond that, each new
 * one makes the oldest run at once.
 */
export class PauseQueue {
  most = MOST_WAITING;
  #waiting: (() => void)[] = [];
  #next = 0;
  #isPending = false;
  /** Whether something was added since the last turn of the event loop. */
  #hasMore = false;
  /** Monotonic time at which the queue stops waiting for a pause. */
  #patienceEndsMs = 0;
  readonly #nowMs: () => number;

  constructor(nowMs: () => number = () => performance.now()) {
    this.#nowMs = nowMs;
  }

  add(work: () => void): void {
    this.#waiting.push(work);
    this.#hasMore = true;
    while (this.#waiting.length - this.#next > this.most) this.#runOldest();
    if (this.#isPending) return;
    this.#patienceEndsMs = this.#nowMs() + PATIENCE_MS;
    this.#scheduleRun();
  }

  /** Runs everything that waits, at once. */
  drain(): void {
    while (this.#next < this.#waiting.length) this.#runOldest();
  }

  #scheduleRun(): void {
    this.#isPending = true;
    setImmediate(() => this.#runSome());
  }

  /** Runs a few items in each turn of the event loop, so timers and reads hardly wait. */
  #runSome(): void {
    const isPause = !this.#hasMore;
    this.#hasMore = false;
    if (!isPause && this.#nowMs() < this.#patienceEndsMs) {
      this.#scheduleRun();
      return;
    }
    for (let i = 0; i < PER_TURN && this.#next < this.#waiting.length; i++) this.#runOldest();
    if (this.#next < this.#waiting.length) this.#scheduleRun();
    else this.#isPending = false;
  }

  #runOldest(): void {
    const work = this.#waiting[this.#next];
    this.#next += 1;
    if (this.#next === this.#waiting.length || this.#next > MOST_WAITING) {
      this.#waiting = this.#waiting.slice(this.#next);
      this.#next = 0;
    }
    work?.();
  }
}

/** So many items take half a millisecond. */
const PER_TURN = 16;
/** A burst of answers may last so long. */
const PATIENCE_MS = 100;
export const MOST_WAITING = 1024;
