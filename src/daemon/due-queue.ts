/** Things by the time they are due, the earliest first: a binary heap that can drop any of them. */
export class DueQueue<T> {
  readonly #heap: Entry<T>[] = [];
  readonly #entries = new Map<T, Entry<T>>();

  get size(): number {
    return this.#entries.size;
  }

  /** Sets when `item` is due, also if it is queued already. */
  set(item: T, dueMs: number): void {
    this.delete(item);
    const entry = { item, dueMs, dropped: false };
    this.#entries.set(item, entry);
    this.#heap.push(entry);
    this.#rise(this.#heap.length - 1);
  }

  /** Makes an item that is queued due at `dueMs`, unless it is so earlier. */
  hasten(item: T, dueMs: number): void {
    const entry = this.#entries.get(item);
    if (entry !== undefined && dueMs < entry.dueMs) this.set(item, dueMs);
  }

  has(item: T): boolean {
    return this.#entries.has(item);
  }

  delete(item: T): void {
    const entry = this.#entries.get(item);
    if (entry === undefined) return;
    // It leaves the heap when it comes to the top.
    entry.dropped = true;
    this.#entries.delete(item);
  }

  /** When the earliest is due; null when there is none. */
  nextDueMs(): number | null {
    this.#dropTop();
    return this.#heap[0]?.dueMs ?? null;
  }

  /** Takes the earliest out if it is due at `nowMs`. */
  take(nowMs: number): { readonly item: T; readonly dueMs: number } | null {
    this.#dropTop();
    const top = this.#heap[0];
    if (top === undefined || top.dueMs > nowMs) return null;
    this.#removeTop();
    this.#entries.delete(top.item);
    return top;
  }

  #dropTop(): void {
    while (this.#heap[0]?.dropped === true) this.#removeTop();
  }

  #removeTop(): void {
    const last = this.#heap.pop();
    if (last === undefined || this.#heap.length === 0) return;
    this.#heap[0] = last;
    this.#sink();
  }

  #rise(from: number): void {
    let i = from;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (this.#dueAt(parent) <= this.#dueAt(i)) return;
      this.#swap(i, parent);
      i = parent;
    }
  }

  #sink(): void {
    let i = 0;
    for (;;) {
      const left = 2 * i + 1;
      let least = i;
      if (this.#dueAt(left) < this.#dueAt(least)) least = left;
      if (this.#dueAt(left + 1) < this.#dueAt(least)) least = left + 1;
      if (least === i) return;
      this.#swap(i, least);
      i = least;
    }
  }

  #dueAt(i: number): number {
    return this.#heap[i]?.dueMs ?? Number.POSITIVE_INFINITY;
  }

  #swap(i: number, j: number): void {
    const a = this.#heap[i];
    const b = this.#heap[j];
    if (a === undefined || b === undefined) return;
    this.#heap[i] = b;
    this.#heap[j] = a;
  }
}

interface Entry<T> {
  readonly item: T;
  readonly dueMs: number;
  dropped: boolean;
}
