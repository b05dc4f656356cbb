/** Lets at most `limit` run at once. The others wait for their turn, in the order of their arrival. */
export class Semaphore {
  #limit: number;
  #acquired = 0;
  readonly #queue: (() => void)[] = [];

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** How many run now. */
  get acquired(): number {
    return this.#acquired;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Calls `run` at once, or from within the `release` that makes room for it. */
  acquire(run: () => void): void {
    if (this.#acquired >= this.#limit) {
      this.#queue.push(run);
      return;
    }
    this.#acquired += 1;
    run();
  }

  release(): void {
    this.#acquired -= 1;
    this.#runWaiting();
  }

  /** A lower limit ends nothing: those that run now release first. */
  setLimit(limit: number): void {
    this.#limit = limit;
    this.#runWaiting();
  }

  #runWaiting(): void {
    while (this.#acquired < this.#limit) {
      const run = this.#queue.shift();
      if (run === undefined) return;
      this.#acquired += 1;
      run();
    }
  }
}
