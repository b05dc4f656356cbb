import type { Verdict } from '../core/verdict.ts';

/** One probe that has ended. */
export interface ProbeRecord {
  readonly verdict: Verdict;
  readonly durationMs: number;
  /** Wall time of its end. */
  readonly atMs: number;
}

/** How many probes `explain` shows. */
const LENGTH = 10;

/**
 * The last ten probes of a check. A new one overwrites the oldest: thousands of objects that live for
 * seconds are the worst case of a garbage collector.
 */
export class ProbeHistory {
  readonly #records: { -readonly [K in keyof ProbeRecord]: ProbeRecord[K] }[] = [];
  /** The index of the oldest, once there are ten. */
  #oldest = 0;

  add({ verdict, durationMs, atMs }: ProbeRecord): void {
    const oldest = this.#records.length < LENGTH ? undefined : this.#records[this.#oldest];
    if (oldest === undefined) {
      this.#records.push({ verdict, durationMs, atMs });
      return;
    }
    oldest.verdict = verdict;
    oldest.durationMs = durationMs;
    oldest.atMs = atMs;
    this.#oldest = (this.#oldest + 1) % LENGTH;
  }

  get last(): ProbeRecord | null {
    const last = this.#records.at(this.#oldest - 1);
    return last === undefined ? null : { ...last };
  }

  /** A copy, the oldest first. */
  all(): ProbeRecord[] {
    const parts = [this.#records.slice(this.#oldest), this.#records.slice(0, this.#oldest)];
    return parts.flat().map((record) => ({ ...record }));
  }
}
