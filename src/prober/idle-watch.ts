import type { Rhythm } from '../core/schedule.ts';
import type { Verdict } from '../core/verdict.ts';
import type { IdleConnection, IdleListeners } from '../probes/idle-connection.ts';
import type { Clock } from '../sys/clock.ts';

export interface IdleWatchDeps {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly budget: WatchBudget;
  readonly open: (listeners: IdleListeners) => IdleConnection;
  /** Makes the check's next probe due in `inMs` at the latest. */
  readonly probeSoon: (inMs: number) => void;
}

/** How many connections all watches together may hold, and how many they hold. */
export interface WatchBudget {
  most: number;
  held: number;
}

/**
 * A process that ends closes its connections one by one, and one that drains may close its listener
 * last. So a probe that passes right after a loss is repeated: at once, and again after `fast_interval`.
 */
const REPEATS = 2;
/** A process that is killed has all its connections closed within less. */
const AT_ONCE_MS = 1;
/** A connection that would have to be renewed more often than this is not worth holding. */
const MIN_HOLD_MS = 5000;
const MIN_HOLD_INTERVALS = 5;
/** A connection is renewed at this share of the time after which the server would close it. */
const RENEW_AT = 0.9;
/** A server's timeout may be raised: each renewal tries for this much longer. */
const STRETCH = 1.1;
const FIRST_PAUSE_MS = 30_000;
const MAX_PAUSE_MS = 600_000;

/**
 * Holds an idle connection to a healthy backend, since its end is the first sign of a death. The end is
 * never a verdict, only a reason to probe now.
 *
 * It acts only when a probe of the backend ends, so that it does not storm a server that closes idle
 * connections or restarts. It opens a connection after a probe that passes; after a loss, not before
 * the next one. It learns the server's own timeout and renews the connection before that. Where
 * connections do not last, it waits ever longer before it opens another.
 */
export class IdleWatch {
  readonly #deps: IdleWatchDeps;
  readonly #rhythm: Rhythm;
  #connection: IdleConnection | null = null;
  /** Monotonic; null until the connection is open. */
  #openedMs: number | null = null;
  /** The age at which the connection was lost, until it is clear why. */
  #lostAfterMs: number | null = null;
  #repeatsLeft = 0;
  /** The age at which the server closes a connection, as far as it is known. */
  #serverTimeoutMs = Number.POSITIVE_INFINITY;
  #pauseMs = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(deps: IdleWatchDeps, rhythm: Rhythm) {
    this.#deps = deps;
    this.#rhythm = rhythm;
  }

  get isHeld(): boolean {
    return this.#openedMs !== null;
  }

  /** Call this after every scheduled probe of the check. */
  probed(verdict: Verdict): void {
    if (this.#isClosed || verdict.kind === 'inconclusive') return;
    if (verdict.kind === 'fail') {
      this.#closeConnection();
      this.#lostAfterMs = null;
      return;
    }
    if (this.#lostAfterMs !== null) this.#probeAgain(this.#lostAfterMs);
    else if (this.#connection === null) this.#open();
    else this.#renewInTime();
  }

  close(): void {
    this.#isClosed = true;
    this.#closeConnection();
  }

  /** After the last repeat the backend is known to live: its server closed the connection by itself. */
  #probeAgain(lostAfterMs: number): void {
    if (this.#repeatsLeft > 0) {
      const { fastIntervalMs } = this.#rhythm;
      const isFirst = this.#repeatsLeft === REPEATS;
      this.#repeatsLeft -= 1;
      this.#deps.probeSoon(isFirst ? Math.min(AT_ONCE_MS, fastIntervalMs) : fastIntervalMs);
      return;
    }
    this.#lostAfterMs = null;
    const { intervalMs } = this.#rhythm;
    if (lostAfterMs >= Math.max(MIN_HOLD_MS, intervalMs * MIN_HOLD_INTERVALS)) {
      this.#serverTimeoutMs = lostAfterMs;
      this.#notBeforeMs = this.#deps.clock.monotonicMs() + this.#rhythm.fastIntervalMs;
    } else {
      this.#pause();
    }
  }

  #renewInTime(): void {
    if (this.#openedMs === null) return;
    const ageMs = this.#deps.clock.monotonicMs() - this.#openedMs;
    if (ageMs + this.#rhythm.intervalMs < this.#serverTimeoutMs * RENEW_AT) return;
    this.#serverTimeoutMs *= STRETCH;
    this.#pauseMs = 0;
    this.#closeConnection();
    this.#open();
  }

  #open(): void {
    const { clock, budget, open } = this.#deps;
    if (clock.monotonicMs() < this.#notBeforeMs || budget.held >= budget.most) return;
    budget.held += 1;
    this.#connection = open({
      onOpen: () => {
        this.#openedMs = clock.monotonicMs();
      },
      onEnd: () => this.#onLost(),
    });
  }

  #onLost(): void {
    const openedMs = this.#openedMs;
    this.#forgetConnection();
    if (openedMs === null) {
      this.#pause();
      return;
    }
    this.#lostAfterMs = this.#deps.clock.monotonicMs() - openedMs;
    this.#repeatsLeft = REPEATS;
    this.#deps.probeSoon(0);
  }

  #pause(): void {
    this.#pauseMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    this.#notBeforeMs = this.#deps.clock.monotonicMs() + this.#pauseMs;
  }

  #closeConnection(): void {
    this.#connection?.close();
    this.#forgetConnection();
  }

  #forgetConnection(): void {
    if (this.#connection === null) return;
    this.#connection = null;
    this.#openedMs = null;
    this.#deps.budget.held -= 1;
  }
}
