import {
  type AdminState,
  expiredKeys,
  type Override,
  type Overrides,
  type Scope,
  withOverrides,
  withShiftedEnds,
} from '../core/override.ts';
import type { HfmEvent } from '../events/event.ts';
import type { Clock } from '../sys/clock.ts';
import type { Live } from './live.ts';

export interface WordsDeps {
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /** Whenever a word has changed. */
  readonly onWord: () => void;
}

/** The two clocks are not read at the same moment. */
const LEAST_STEP_MS = 500;

/**
 * The operator's words. A word's time runs on the monotonic clock. Its end is kept as wall time, for
 * status and for a restart, so that it goes along when the wall clock is stepped.
 */
export class Words {
  readonly #deps: WordsDeps;
  readonly #live: Pick<Live, 'overrides'>;
  /** What the wall clock was ahead of the monotonic one when the ends were last looked at. */
  #wallAheadMs: number;

  constructor(deps: WordsDeps, live: Pick<Live, 'overrides'>) {
    this.#deps = deps;
    this.#live = live;
    this.#wallAheadMs = this.#wallAhead();
  }

  /** Sets the word for each scope; null is `ready`. */
  set(scopes: readonly Scope[], override: Override | null, by: string | null): void {
    this.#followWall();
    const after = withOverrides(this.#live.overrides, scopes, override);
    this.#change(after, { by, reason: override?.reason ?? null });
  }

  /** The scope keys of the words that have had their time. */
  over(): readonly string[] {
    this.#followWall();
    return expiredKeys(this.#live.overrides, this.#deps.clock.wallMs());
  }

  /** Returns to ready what has had its time. */
  end(over: readonly string[]): void {
    const overrides = new Map(this.#live.overrides);
    for (const key of over) overrides.delete(key);
    this.#change(overrides, { by: null, reason: 'its time is over' });
  }

  /** Tells of each word that is another, and has them kept before they have any effect. */
  #change(after: Overrides, whose: { readonly by: string | null; readonly reason: string | null }) {
    const before = this.#live.overrides;
    this.#live.overrides = after;
    for (const name of new Set([...before.keys(), ...after.keys()])) {
      if (before.get(name) === after.get(name)) continue;
      const from: AdminState = before.get(name)?.state ?? 'ready';
      const { state: to = 'ready', untilMs = null } = after.get(name) ?? {};
      this.#deps.emit({ kind: 'admin', name, from, to, ...whose, untilMs });
    }
    this.#deps.onWord();
  }

  #followWall(): void {
    const aheadMs = this.#wallAhead();
    const stepMs = aheadMs - this.#wallAheadMs;
    if (Math.abs(stepMs) < LEAST_STEP_MS) return;
    this.#wallAheadMs = aheadMs;
    const shifted = withShiftedEnds(this.#live.overrides, stepMs);
    if (shifted === this.#live.overrides) return;
    this.#live.overrides = shifted;
    this.#deps.onWord();
  }

  #wallAhead(): number {
    const { clock } = this.#deps;
    return clock.wallMs() - clock.monotonicMs();
  }
}
