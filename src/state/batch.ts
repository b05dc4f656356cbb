import type { PoolName } from '../core/names.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { mayMoreFollow } from './backend.ts';
import type { PoolView, StateView } from './view.ts';

/**
 * Changes within this time of each other are one batch: the backends of a dead host fail within
 * milliseconds, and a table is to be changed once.
 */
const WINDOW_MS = 2;
/** Widen the window by 1 ms per so many changes, while another member may still change. */
const CHANGES_PER_MS = 4;
const MAX_WIDENING_MS = 16;
/** A batch ends here in any case, so that the first of many does not wait for the last. */
const MAX_BATCH_MS = 100;

export interface BatchDeps {
  readonly clock: Clock;
  readonly view: StateView;
  /** Decides what the tables of these pools must hold. */
  readonly decide: (pools: readonly PoolName[]) => void;
}

/** Gathers pools whose members have changed, and decides them together. */
export class Batch {
  readonly #deps: BatchDeps;
  readonly #pools = new Set<PoolName>();
  #windowTimer: Timer | null = null;
  #afterReads: Timer | null = null;
  #beganMs = 0;
  #changes = 0;
  #lastChangeMs = 0;

  constructor(deps: BatchDeps) {
    this.#deps = deps;
  }

  /** A backend has changed, and with it what these pools may want. */
  add(pools: Iterable<PoolName>): void {
    for (const pool of pools) this.#pools.add(pool);
    this.#lastChangeMs = this.#deps.clock.monotonicMs();
    if (this.#changes === 0) this.#beganMs = this.#lastChangeMs;
    this.#changes += 1;
    this.#afterReads ??= this.#deps.clock.afterReads(() => {
      this.#afterReads = null;
      if (this.#changedPools().every((pool) => this.#hasChanged(pool))) this.flush();
      else this.#awaitEnd();
    });
  }

  /** Decides now, instead of at the end of the batch. */
  flush(): void {
    this.stop();
    this.#changes = 0;
    const pools = [...this.#pools];
    this.#pools.clear();
    if (pools.length > 0) this.#deps.decide(pools);
  }

  /** Decides nothing more, unless something is added. */
  stop(): void {
    this.#afterReads?.cancel();
    this.#afterReads = null;
    this.#windowTimer?.cancel();
    this.#windowTimer = null;
  }

  #awaitEnd(): void {
    const { clock } = this.#deps;
    this.#windowTimer?.cancel();
    this.#windowTimer = clock.after(this.#endMs() - clock.monotonicMs(), () => {
      // An answer within the window may still be unread: the loop was busy, or was paused.
      this.#windowTimer = clock.afterReads(() => {
        // A timer may be early by less than a millisecond.
        if (this.#endMs() - clock.monotonicMs() < 1) this.flush();
        else this.#awaitEnd();
      });
    });
  }

  /** When the batch ends if nothing more changes. */
  #endMs(): number {
    const { view } = this.#deps;
    const mayFollow = this.#changedPools().some(({ members }) => mayMoreFollow(view, members));
    const wideningMs = mayFollow
      ? Math.min(MAX_WIDENING_MS, Math.floor(this.#changes / CHANGES_PER_MS))
      : 0;
    return Math.min(this.#lastChangeMs + WINDOW_MS + wideningMs, this.#beganMs + MAX_BATCH_MS);
  }

  /** Whether every member has changed in this batch, so that there is nothing left to wait for. */
  #hasChanged({ members }: PoolView): boolean {
    const sinceMs = this.#beganMs - WINDOW_MS;
    return members.every(({ backend }) => backend.sinceMonotonicMs >= sinceMs);
  }

  #changedPools(): PoolView[] {
    return [...this.#pools].flatMap((name) => this.#deps.view.pools.get(name) ?? []);
  }
}
