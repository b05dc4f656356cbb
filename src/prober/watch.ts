import type { Rhythm } from '../core/schedule.ts';
import type { Verdict } from '../core/verdict.ts';
import type { IdleConnection, IdleListeners } from '../probes/idle-connection.ts';
import type { Clock } from '../sys/clock.ts';

export interface WatchDeps {
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly budget: WatchBudget;
  readonly open: (listeners: IdleListeners) => IdleConnection;
  /** Has the backend probed so soon, in milliseconds. */
  readonly probeSoon: (inMs: number) => void;
}

/** How many connections all watches together may hold. */
export interface WatchBudget {
  most: number;
  held: number;
}

/**
 * A process that ends closes what it holds one by one, and one that drains may close its listener
 * last: a probe that passes right after a loss is repeated, at once and then after `fast_interval`.
 */
const SECOND_LOOKS = 2;
/** What a process that is killed holds is closed within less. */
const AT_ONCE_MS = 1;
/** A connection that is to be renewed more often than this is not worth holding. */
const MIN_HOLD_MS = 5000;
const MIN_HOLD_INTERVALS = 5;
/** Renewed when so much of the time has passed after which the server would end it. */
const RENEW_AT = 0.9;
/** Servers change their minds: each renewal tries for this much longer. */
const STRETCH = 1.1;
const FIRST_PAUSE_MS = 30_000;
const MAX_PAUSE_MS = 600_000;

/**
 * Holds an idle connection to a backend that is well, since its end is the first that is heard of a
 * death. It is never a verdict, only a reason to probe now. It lives by its backend's probes alone:
 * opened after one that passes and not before the next where one was lost, so that a server which
 * closes idle connections, or restarts, is not stormed; renewed before the server's own timeout, which
 * it learns; left alone for ever longer where it does not last.
 */
export class Watch {
  readonly #deps: WatchDeps;
  readonly #rhythm: Rhythm;
  #connection: IdleConnection | null = null;
  /** Monotonic; null until it is open. */
  #openedMs: number | null = null;
  /** How long the connection was held that was lost, until it is known why. */
  #lostAfterMs: number | null = null;
  #looksLeft = 0;
  /** After how long the server ends it. */
  #learnedMs = Number.POSITIVE_INFINITY;
  #pauseMs = 0;
  #notBeforeMs = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor(deps: WatchDeps, rhythm: Rhythm) {
    this.#deps = deps;
    this.#rhythm = rhythm;
  }

  get isHeld(): boolean {
    return this.#openedMs !== null;
  }

  /** To be told of every scheduled probe of the check. */
  probed(verdict: Verdict): void {
    if (this.#isClosed || verdict.kind === 'inconclusive') return;
    if (verdict.kind === 'fail') {
      this.#drop();
      this.#lostAfterMs = null;
      return;
    }
    if (this.#lostAfterMs !== null) this.#lookAgain(this.#lostAfterMs);
    else if (this.#connection === null) this.#open();
    else this.#renewInTime();
  }

  close(): void {
    this.#isClosed = true;
    this.#drop();
  }

  /** The backend lives on: at last, that its connection was ended says when its server does so. */
  #lookAgain(lostAfterMs: number): void {
    if (this.#looksLeft > 0) {
      const { fastIntervalMs } = this.#rhythm;
      const isFirst = this.#looksLeft === SECOND_LOOKS;
      this.#looksLeft -= 1;
      this.#deps.probeSoon(isFirst ? Math.min(AT_ONCE_MS, fastIntervalMs) : fastIntervalMs);
      return;
    }
    this.#lostAfterMs = null;
    const { intervalMs } = this.#rhythm;
    if (lostAfterMs >= Math.max(MIN_HOLD_MS, intervalMs * MIN_HOLD_INTERVALS)) {
      this.#learnedMs = lostAfterMs;
      this.#notBeforeMs = this.#deps.clock.monotonicMs() + this.#rhythm.fastIntervalMs;
    } else {
      this.#pause();
    }
  }

  #renewInTime(): void {
    if (this.#openedMs === null) return;
    const ageMs = this.#deps.clock.monotonicMs() - this.#openedMs;
    if (ageMs + this.#rhythm.intervalMs < this.#learnedMs * RENEW_AT) return;
    this.#learnedMs *= STRETCH;
    this.#pauseMs = 0;
    this.#drop();
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
      onEnd: () => this.#lost(),
    });
  }

  #lost(): void {
    const openedMs = this.#openedMs;
    this.#forget();
    if (openedMs === null) {
      this.#pause();
      return;
    }
    this.#lostAfterMs = this.#deps.clock.monotonicMs() - openedMs;
    this.#looksLeft = SECOND_LOOKS;
    this.#deps.probeSoon(0);
  }

  #pause(): void {
    this.#pauseMs = Math.min(MAX_PAUSE_MS, Math.max(FIRST_PAUSE_MS, this.#pauseMs * 2));
    this.#notBeforeMs = this.#deps.clock.monotonicMs() + this.#pauseMs;
  }

  #drop(): void {
    this.#connection?.close();
    this.#forget();
  }

  #forget(): void {
    if (this.#connection === null) return;
    this.#connection = null;
    this.#openedMs = null;
    this.#deps.budget.held -= 1;
  }
}
