export interface Timer {
  /** Does nothing when the timer has fired or was cancelled already. */
  cancel(): void;
}

/** The only source of time. Tests pass a fake that they move by hand. */
export interface Clock {
  /** Milliseconds, with fractions, on a clock that never steps; only differences mean anything. */
  monotonicMs(): number;
  /** Milliseconds that the loop of this process has not spent waiting; only differences mean anything. */
  workedMs(): number;
  /** Milliseconds since the epoch, for people and for expiry times; may step. */
  wallMs(): number;
  /**
   * Runs `run` once, `delayMs` milliseconds from now, by less than one of them too early or at any time
   * later, and not before the next turn of the loop. A time that has passed is now.
   */
  after(delayMs: number, run: () => void): Timer;
  /** Runs `run` once, when what can be read by now has been read. The loop runs timers before reads. */
  afterReads(run: () => void): Timer;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  workedMs: () => performance.now() - performance.nodeTiming.idleTime,
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const dueMs = performance.now() + delayMs;
    // Node counts from when its loop last looked at the clock, so a timer that was set late in a
    // turn would fire early by as much: what is left is waited for.
    const fire = (): void => {
      const restMs = dueMs - performance.now();
      if (restMs < 1) run();
      else timer = setTimeout(fire, restMs);
    };
    // From Node 24 on a negative one is warned of on stderr.
    let timer = setTimeout(fire, Math.max(0, delayMs));
    return { cancel: () => clearTimeout(timer) };
  },
  afterReads(run) {
    const turn = setImmediate(run);
    return { cancel: () => clearImmediate(turn) };
  },
};

/** Resolves when `work` does, or after `ms` if that comes first. */
export function within(work: Promise<void>, clock: Clock, ms: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = clock.after(ms, resolve);
    work.then(() => {
      timer.cancel();
      resolve();
    }, reject);
  });
}
