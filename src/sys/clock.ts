export interface Timer {
  /** Does nothing when the timer has fired or was cancelled already. */
  cancel(): void;
}

/** The only source of time. Tests pass a fake that they advance. */
export interface Clock {
  /** Milliseconds with fractions, on a clock that never steps. Only differences have a meaning. */
  monotonicMs(): number;
  /** Milliseconds that the event loop has not been idle. Only differences have a meaning. */
  workedMs(): number;
  /** Milliseconds since the epoch, for people and for expiry times; may step. */
  wallMs(): number;
  /**
   * Runs `run` once, `delayMs` milliseconds from now: less than 1 ms early, or any time late, and not
   * before the next turn of the event loop. A negative delay counts as 0.
   */
  after(delayMs: number, run: () => void): Timer;
  /** Runs `run` once, after the event loop has read what is ready. It runs timers before it reads. */
  afterReads(run: () => void): Timer;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  workedMs: () => performance.now() - performance.nodeTiming.idleTime,
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const dueMs = performance.now() + delayMs;
    // Node counts from the time when its event loop last read the clock. A timer that is set late in
    // a turn fires early by as much, so `fire` waits for the rest.
    const fire = (): void => {
      const restMs = dueMs - performance.now();
      if (restMs < 1) run();
      else timer = setTimeout(fire, restMs);
    };
    // Node 24 warns on stderr about a negative delay.
    let timer = setTimeout(fire, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
  afterReads(run) {
    const turn = setImmediate(run);
    return { cancel: () => clearImmediate(turn) };
  },
};

/** Resolves when `work` does, or after `ms` at the latest. */
export function within(work: Promise<void>, clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, resolve);
    work.then(() => {
      timer.cancel();
      resolve();
    }, reject);
  });
}
