import { createHistogram, type RecordableHistogram } from 'node:perf_hooks';
import type { Verdict } from '../core/verdict.ts';
import type { Clock } from '../sys/clock.ts';

/** Milliseconds, of the last 30 to 60 seconds. Zeros if nothing was measured. */
export interface Spread {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface EngineStats {
  /** Since hfmd started. */
  readonly started: number;
  /** Starts that were left out because the probe before was still in flight or waited for its turn. */
  readonly skipped: number;
  readonly inconclusive: number;
  /** The same in the last 30 to 60 seconds. */
  readonly skippedLately: number;
  /** How late probes started. */
  readonly latenessMs: Spread;
  /** How late hfmd's own timers were: for so long it was paused. */
  readonly loopDelayMs: Spread;
  /** How long each pfctl took. */
  readonly pfctlMs: Spread;
}

/** Measures hfmd itself, so that status can say that a node is too slow for its configuration. */
export class EngineMeter {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  #started = 0;
  #skipped = 0;
  #inconclusive = 0;
  #now = new Window();
  #before = new Window();
  #sinceMs: number;

  constructor(clock: Pick<Clock, 'monotonicMs'>) {
    this.#clock = clock;
    this.#sinceMs = clock.monotonicMs();
  }

  started(latenessMs: number, intervalMs: number): void {
    this.#started += 1;
    record(this.#window().lateness, latenessMs);
    const skipped = Math.floor(latenessMs / intervalMs);
    if (skipped > 0) this.skipped(skipped);
  }

  skipped(starts: number): void {
    this.#skipped += starts;
    this.#window().skipped += starts;
  }

  ended(verdict: Verdict): void {
    if (verdict.kind === 'inconclusive') this.#inconclusive += 1;
  }

  loopDelay(ms: number): void {
    record(this.#window().loopDelay, ms);
  }

  pfctl(ms: number): void {
    record(this.#window().pfctl, ms);
  }

  get stats(): EngineStats {
    const now = this.#window();
    const before = this.#before;
    return {
      started: this.#started,
      skipped: this.#skipped,
      inconclusive: this.#inconclusive,
      skippedLately: now.skipped + before.skipped,
      latenessMs: spread(now.lateness, before.lateness),
      loopDelayMs: spread(now.loopDelay, before.loopDelay),
      pfctlMs: spread(now.pfctl, before.pfctl),
    };
  }

  #window(): Window {
    const nowMs = this.#clock.monotonicMs();
    const ageMs = nowMs - this.#sinceMs;
    if (ageMs < WINDOW_MS) return this.#now;
    this.#before = ageMs < 2 * WINDOW_MS ? this.#now : new Window();
    this.#now = new Window();
    this.#sinceMs = nowMs;
    return this.#now;
  }
}

const WINDOW_MS = 30_000;

class Window {
  readonly lateness = microseconds();
  readonly loopDelay = microseconds();
  readonly pfctl = microseconds();
  skipped = 0;
}

/** Microseconds up to ten minutes, to two figures. */
function microseconds(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 600_000_000, figures: 2 });
}

function record(histogram: RecordableHistogram, ms: number): void {
  histogram.record(Math.min(600_000_000, Math.max(1, Math.round(ms * 1000))));
}

function spread(one: RecordableHistogram, other: RecordableHistogram): Spread {
  const both = microseconds();
  both.add(one);
  both.add(other);
  if (both.count === 0) return { p50: 0, p99: 0, max: 0 };
  return {
    p50: both.percentile(50) / 1000,
    p99: both.percentile(99) / 1000,
    max: both.max / 1000,
  };
}
