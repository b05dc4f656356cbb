/** So many at once; the others wait for their turn, the first come first. */
export class Places {
  limit: number;
  #taken = 0;
  readonly #queue: (() => void)[] = [];

  constructor(limit: number) {
    this.limit = limit;
  }

  get taken(): number {
    return this.#taken;
  }

  get waiting(): number {
    return this.#queue.length;
  }

  /** Calls `run` when there is a place: at once, or from within the `leave` that makes one free. */
  enter(run: () => void): void {
    if (this.#taken >= this.limit) {
      this.#queue.push(run);
      return;
    }
    this.#taken += 1;
    run();
  }

  leave(): void {
    this.#taken -= 1;
    this.#admit();
  }

  /** More may be admitted than were before. */
  setLimit(limit: number): void {
    this.limit = limit;
    this.#admit();
  }

  #admit(): void {
    while (this.#taken < this.limit) {
      const run = this.#queue.shift();
      if (run === undefined) return;
      this.#taken += 1;
      run();
    }
  }
}
