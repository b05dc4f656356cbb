/** An item of a queue, in one queue at a time. The queue writes both fields. */
export interface Queued {
  dueMs: number;
  /** Its index in the heap; `NOT_QUEUED` outside of any queue. */
  index: number;
}

export const NOT_QUEUED = -1;

/** Items by the time they are due, the earliest first: a binary heap that can delete any of them. */
export class DueQueue<T extends Queued> {
  readonly #heap: T[] = [];

  get size(): number {
    return this.#heap.length;
  }

  /** Adds an item, or changes when it is due. */
  set(item: T, dueMs: number): void {
    this.delete(item);
    item.dueMs = dueMs;
    this.#siftUp(item, this.#heap.length);
  }

  /** Makes a queued item due at `dueMs`, unless it is due earlier. Adds no item. */
  bringForward(item: T, dueMs: number): void {
    if (this.has(item) && dueMs < item.dueMs) this.set(item, dueMs);
  }

  has(item: T): boolean {
    return item.index !== NOT_QUEUED;
  }

  delete(item: T): void {
    if (!this.has(item)) return;
    const { index } = item;
    const last = this.#heap.pop();
    item.index = NOT_QUEUED;
    if (last === undefined || last === item) return;
    if (last.dueMs < item.dueMs) this.#siftUp(last, index);
    else this.#siftDown(last, index);
  }

  /** When the earliest item is due; null for an empty queue. */
  nextDueMs(): number | null {
    return this.#heap[0]?.dueMs ?? null;
  }

  /** The earliest item if it is due by `nowMs`; null otherwise. */
  peek(nowMs: number): T | null {
    const top = this.#heap[0];
    return top === undefined || top.dueMs > nowMs ? null : top;
  }

  /** Removes and returns the items that are due by `nowMs`, the earliest first. */
  takeAll(nowMs: number): T[] {
    const taken: T[] = [];
    for (let top = this.peek(nowMs); top !== null; top = this.peek(nowMs)) {
      this.delete(top);
      taken.push(top);
    }
    return taken;
  }

  /** A copy of all items, in no order. */
  items(): T[] {
    return [...this.#heap];
  }

  /** Puts `item` into the free slot `from`, or above it. */
  #siftUp(item: T, from: number): void {
    let index = from;
    while (index > 0) {
      const above = (index - 1) >> 1;
      const parent = this.#heap[above];
      if (parent === undefined || parent.dueMs <= item.dueMs) break;
      this.#put(parent, index);
      index = above;
    }
    this.#put(item, index);
  }

  /** Puts `item` into the free slot `from`, or below it. */
  #siftDown(item: T, from: number): void {
    let index = from;
    for (;;) {
      const child = this.#earlier(this.#heap[2 * index + 1], this.#heap[2 * index + 2]);
      if (child === undefined || child.dueMs >= item.dueMs) break;
      const below = child.index;
      this.#put(child, index);
      index = below;
    }
    this.#put(item, index);
  }

  #earlier(one: T | undefined, other: T | undefined): T | undefined {
    return one !== undefined && other !== undefined && other.dueMs < one.dueMs ? other : one;
  }

  #put(item: T, index: number): void {
    this.#heap[index] = item;
    item.index = index;
  }
}
