export interface Timer {
  /** Does nothing when the timer has fired or was cancelled already. */
  cancel(): void;
}

/** The only source of time. Tests pass a fake that they move by hand. */
export interface Clock {
  /** Milliseconds, with fractions, on a clock that never steps; only differences mean anything. */
  monotonicMs(): number;
  /** Milliseconds since the epoch, for people and for expiry times; may step. */
  wallMs(): number;
  /** Runs `run` once, `delayMs` milliseconds from now (at least one turn of the loop later). */
  after(delayMs: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  monotonicMs: () => performance.now(),
  wallMs: () => Date.now(),
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    return { cancel: () => clearTimeout(timer) };
  },
};
