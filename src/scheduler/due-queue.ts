/** What can wait in a queue, in one at a time. Both fields are the queue's to write. */
export interface Queued {
  dueMs: number;
  /** Where it stands in the queue; `NOWHERE` in none. */
  place: number;
}

export const NOWHERE = -1;

/** Things by the time they are due, the earliest first: a binary heap that can drop any of them. */
export class DueQueue<T extends Queued> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Sets when `item` is due, also if it is queued already. */
  set(item: T, dueMs: number): void {
    this.delete(item);
    item.dueMs = dueMs;
    this.#rise(item, this.#heap.length);
  }

  /** Makes an item that is queued due at `dueMs`, unless it is so earlier. */
  hasten(item: T, dueMs: number): void {
    if (this.has(item) && dueMs < item.dueMs) this.set(item, dueMs);
  }

  has(item: T): boolean {
    return item.place !== NOWHERE;
  }

  delete(item: T): void {
    if (!this.has(item)) return;
    const { place } = item;
    const last = this.#heap.pop();
    item.place = NOWHERE;
    if (last === undefined || last === item) return;
    if (last.dueMs < item.dueMs) this.#rise(last, place);
    else this.#sink(last, place);
  }

  /** When the earliest is due; null when there is none. */
  nextDueMs(): number | null {
    return this.#heap[0]?.dueMs ?? null;
  }

  /** The earliest, if it is due at `nowMs`. */
  peek(nowMs: number): T | null {
    const top = this.#heap[0];
    return top === undefined || top.dueMs > nowMs ? null : top;
  }

  /** Takes out what is due at `nowMs`, the earliest first. */
  takeAll(nowMs: number): T[] {
    const taken: T[] = [];
    for (let top = this.peek(nowMs); top !== null; top = this.peek(nowMs)) {
      this.delete(top);
      taken.push(top);
    }
    return taken;
  }

  /** All of them, in no order. */
  items(): T[] {
    return [...this.#heap];
  }

  /** Finds the place of `item` on the way up from `from`, which is free. */
  #rise(item: T, from: number): void {
    let place = from;
    while (place > 0) {
      const above = (place - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.dueMs <= item.dueMs) break;
      this.#put(parent, place);
      place = above;
    }
    this.#put(item, place);
  }

  /** The same on the way down. */
  #sink(item: T, from: number): void {
    let place = from;
    for (;;) {
      const child = this.#earlier(this.#heap[2 * place + 1], this.#heap[2 * place + 2]);
      if (child === undefined || child.dueMs >= item.dueMs) break;
      const below = child.place;
      this.#put(child, place);
      place = below;
    }
    this.#put(item, place);
  }

  #earlier(one: T | undefined, other: T | undefined): T | undefined {
    return one !== undefined && other !== undefined && other.dueMs < one.dueMs ? other : one;
  }

  #put(item: T, place: number): void {
    this.#heap[place] = item;
    item.place = place;
  }
}
