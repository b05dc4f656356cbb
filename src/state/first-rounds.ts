import type { PoolName } from '../core/names.ts';
import { type TableRef, tableKey } from '../core/table.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import type { StateView } from './view.ts';

export interface FirstRoundsDeps {
  readonly clock: Clock;
  readonly view: StateView;
  /** The first round of evidence of a table's pool is over. */
  readonly onEnd: (table: TableRef) => void;
}

/** Times the first round of evidence of each pool. */
export class FirstRounds {
  readonly #deps: FirstRoundsDeps;
  /** By table, since a reload may give a pool another name. */
  readonly #timers = new Map<string, Timer>();

  constructor(deps: FirstRoundsDeps) {
    this.#deps = deps;
  }

  /** A pool's first round has begun; it lasts until its `roundEndsMs`. */
  open(name: PoolName): void {
    const { clock, view, onEnd } = this.#deps;
    const pool = view.pools.get(name);
    if (pool === undefined) return;
    const key = tableKey(pool.config);
    this.#timers.get(key)?.cancel();
    const timer = clock.after(pool.roundEndsMs - clock.monotonicMs(), () => {
      this.#timers.delete(key);
      onEnd(pool.config);
    });
    this.#timers.set(key, timer);
  }

  stop(): void {
    for (const timer of this.#timers.values()) timer.cancel();
    this.#timers.clear();
  }
}
