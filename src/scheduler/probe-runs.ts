import type { ProbeRecord } from '../core/probe-history.ts';
import { fail, inconclusive, type Verdict } from '../core/verdict.ts';
import type { Attempt, Probe } from '../probes/probe.ts';
import type { Clock } from '../sys/clock.ts';
import { DueQueue, NOT_QUEUED, type Queued } from './due-queue.ts';
import type { StallWatch } from './stall-watch.ts';

/** One probe from its start to its verdict. */
export interface Run extends Queued {
  readonly startMs: number;
  readonly timeoutMs: number;
  readonly onEnd: (record: ProbeRecord) => void;
  attempt: Attempt | null;
  /** Whether its deadline has come, or nobody waits for its verdict any more. */
  isCut: boolean;
}

export interface ProbeRunsDeps {
  readonly clock: Clock;
  readonly stalls: StallWatch;
  /** Called when the earliest deadline may have changed. */
  readonly onDeadline: () => void;
}

/**
 * A probe that is cut must give its verdict in the same turn of the event loop. One that does not
 * within this time has a bug, and gets a verdict all the same.
 */
const CUT_MS = 50;
/** hfmd's own fault explains a missed deadline if hfmd was paused for this share of the timeout. */
const STALL_SHARE = 0.1;
const MIN_STALL_MS = 20;

/** The probes in flight. A probe has its verdict at its deadline, whatever it does. */
export class ProbeRuns {
  readonly #deps: ProbeRunsDeps;
  /** By deadline; after a cut, by the time at which the verdict comes without the probe. */
  readonly #inFlight = new DueQueue<Run>();
  #isStopped = false;
  readonly #onIdle: (() => void)[] = [];

  constructor(deps: ProbeRunsDeps) {
    this.#deps = deps;
  }

  get count(): number {
    return this.#inFlight.size;
  }

  has(run: Run): boolean {
    return this.#inFlight.has(run);
  }

  nextDeadlineMs(): number | null {
    return this.#inFlight.nextDueMs();
  }

  /** Starts a probe. `onEnd` gets its outcome, perhaps before this returns. */
  start(probe: Probe, timeoutMs: number, onEnd: Run['onEnd']): Run {
    const startMs = this.#deps.clock.monotonicMs();
    const run: Run = {
      startMs,
      timeoutMs,
      onEnd,
      attempt: null,
      isCut: false,
      dueMs: Number.POSITIVE_INFINITY,
      index: NOT_QUEUED,
    };
    if (this.count === 0) this.#deps.stalls.start();
    this.#inFlight.set(run, startMs + timeoutMs);
    this.#deps.onDeadline();
    try {
      run.attempt = probe.start((verdict) => this.#settle(run, verdict));
    } catch (error) {
      this.#settle(run, inconclusive('internal-error', String(error)));
    }
    if (this.#isStopped) this.cut(run);
    return run;
  }

  /** Makes a probe settle now. Does nothing for one that has ended. */
  cut(run: Run): void {
    if (run.isCut || !this.has(run)) return;
    run.isCut = true;
    this.#inFlight.set(run, this.#deps.clock.monotonicMs() + CUT_MS);
    this.#deps.onDeadline();
    run.attempt?.cut();
  }

  /** Ends the probes whose deadline is at or before `untilMs`. */
  endOverdue(untilMs: number): void {
    for (let run = this.#inFlight.peek(untilMs); run !== null; ) {
      if (run.isCut) this.#settle(run, NO_VERDICT);
      else this.cut(run);
      run = this.#inFlight.peek(untilMs);
    }
  }

  /** Cuts every probe, now and from now on. Resolves when none is in flight. */
  stop(): Promise<void> {
    this.#isStopped = true;
    for (const run of this.#inFlight.items()) this.cut(run);
    if (this.count === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle.push(resolve);
    });
  }

  #settle(run: Run, verdict: Verdict): void {
    if (!this.has(run)) return;
    this.#inFlight.delete(run);
    const { clock, stalls } = this.#deps;
    const durationMs = clock.monotonicMs() - run.startMs;
    const settled = run.isCut ? this.#lateVerdict(verdict, run) : verdict;
    if (this.count === 0) stalls.stop();
    run.onEnd({ verdict: settled, durationMs, atMs: clock.wallMs() });
    if (this.#isStopped && this.count === 0) {
      for (const resolve of this.#onIdle.splice(0)) resolve();
    }
  }

  /** A deadline that passed while hfmd itself was paused says nothing about the backend. */
  #lateVerdict(verdict: Verdict, { startMs, timeoutMs }: Run): Verdict {
    const { clock, stalls } = this.#deps;
    // A pass after the deadline does not count.
    const late = verdict.kind === 'pass' ? NO_VERDICT : verdict;
    const lateMs = clock.monotonicMs() - startMs - timeoutMs - CUT_MS;
    const stalledMs = Math.max(stalls.stalledSince(startMs), lateMs);
    if (stalledMs < Math.max(MIN_STALL_MS, timeoutMs * STALL_SHARE)) return late;
    const paused = `hfmd was paused for ${Math.round(stalledMs)} ms of it`;
    return inconclusive('stalled', `no answer in time, but this host was busy: ${paused}`);
  }
}

const NO_VERDICT: Verdict = fail('deadline', 'no verdict at the deadline');
