import pLimit, { type LimitFunction } from 'p-limit';
import { isChanging, type Streak } from '../core/health.ts';
import { nextDueMs, phaseMs, type Rhythm } from '../core/schedule.ts';
import { fail, inconclusive, type Verdict } from '../core/verdict.ts';
import type { Probe } from '../probes/probe.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { DueQueue } from './due-queue.ts';
import type { ProbeRecord } from './live.ts';
import type { StallWatch } from './stall-watch.ts';

/** One check of one backend, to be probed again and again. */
export interface Job {
  /** `backend/check`, unique; its hash spreads the starts. */
  readonly key: string;
  readonly kind: 'network' | 'script';
  readonly rhythm: Rhythm;
  readonly startDelayMs: number;
  readonly probe: Probe;
  /** Counts the outcome; what comes back decides when the next probe is due. */
  readonly record: (record: ProbeRecord) => Streak | null;
}

export interface SchedulerDeps {
  readonly clock: Clock;
  readonly stalls: StallWatch;
}

export interface Limits {
  readonly network: number;
  readonly scripts: number;
}

export interface SchedulerStats {
  readonly started: number;
  /** Starts that fell out because the one before was still running or waiting for its turn. */
  readonly skipped: number;
  readonly inconclusive: number;
  readonly inFlight: number;
  readonly waiting: number;
  /** Of the last start, and the most since hfmd started. */
  readonly latenessMs: number;
  readonly maxLatenessMs: number;
}

/**
 * A probe obeys its signal within the turn in which it is aborted; one that does not within this
 * time has a bug, and gets its verdict all the same.
 */
const OBEY_MS = 20;
/** This share of its timeout spent standing still ourselves makes a late answer our own fault. */
const STALL_SHARE = 0.1;
const MIN_STALL_MS = 20;

/** Starts every job when it is due, and ends every probe at its deadline. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #running = new Map<string, Runner>();
  readonly #queue = new DueQueue<Runner>();
  #limits: { network: LimitFunction; script: LimitFunction };
  /** Of probes outside of the schedule. */
  readonly #extra = new Set<AbortController>();
  #timer: Timer | null = null;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #stopped = false;
  #stats = { started: 0, skipped: 0, inconclusive: 0, latenessMs: 0, maxLatenessMs: 0 };

  constructor(deps: SchedulerDeps, limits: Limits) {
    this.#deps = deps;
    this.#limits = { network: pLimit(limits.network), script: pLimit(limits.scripts) };
  }

  get stats(): SchedulerStats {
    const { network, script } = this.#limits;
    return {
      ...this.#stats,
      inFlight: network.activeCount + script.activeCount,
      waiting: network.pendingCount + script.pendingCount,
    };
  }

  /** Makes the jobs be exactly these: new ones begin, missing ones end, changed ones go over. */
  setJobs(jobs: readonly Job[], limits: Limits): void {
    this.#limits.network.concurrency = limits.network;
    this.#limits.script.concurrency = limits.scripts;
    const wanted = new Map(jobs.map((job) => [job.key, job]));
    for (const [key, runner] of this.#running) {
      if (wanted.get(key)?.probe === runner.job.probe) continue;
      this.#end(runner);
      this.#running.delete(key);
    }
    for (const job of jobs) {
      if (!this.#running.has(job.key)) this.#begin(job);
    }
    this.#arm();
  }

  /** Runs one probe now, with the same deadline, outside of any schedule. */
  async runOnce(job: Pick<Job, 'kind' | 'rhythm' | 'probe'>): Promise<ProbeRecord> {
    const abort = new AbortController();
    this.#extra.add(abort);
    const record = await this.#limits[job.kind](() => this.#attempt(job, abort));
    this.#extra.delete(abort);
    return record;
  }

  /** Ends everything; resolves when nothing is in flight any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timer?.cancel();
    const ends = [...this.#running.values()].map(({ settled }) => settled);
    for (const runner of this.#running.values()) this.#end(runner);
    this.#running.clear();
    for (const abort of this.#extra) abort.abort();
    await Promise.all(ends);
  }

  #begin(job: Job): void {
    const nowMs = this.#deps.clock.monotonicMs();
    const originMs = nowMs + job.startDelayMs + phaseMs(job.key, job.rhythm.intervalMs);
    const runner: Runner = { job, originMs, ended: false, abort: null, settled: Promise.resolve() };
    this.#running.set(job.key, runner);
    this.#queue.set(runner, originMs);
  }

  #end(runner: Runner): void {
    runner.ended = true;
    this.#queue.delete(runner);
    runner.abort?.abort();
  }

  #arm(): void {
    const dueMs = this.#queue.nextDueMs();
    if (dueMs === null || this.#stopped || dueMs === this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const delayMs = Math.max(0, dueMs - this.#deps.clock.monotonicMs());
    this.#timer = this.#deps.clock.after(delayMs, () => this.#startDue());
  }

  #startDue(): void {
    this.#timerDueMs = Number.POSITIVE_INFINITY;
    const nowMs = this.#deps.clock.monotonicMs();
    // Timers are rounded to milliseconds: what is due within this one is due.
    for (let due = this.#queue.take(nowMs + 1); due !== null; due = this.#queue.take(nowMs + 1)) {
      due.item.settled = this.#turn(due.item, due.dueMs);
    }
    this.#arm();
  }

  /** One probe of a runner, from its turn in the limit to its next due time. */
  async #turn(runner: Runner, dueMs: number): Promise<void> {
    const { clock } = this.#deps;
    const { job } = runner;
    let startedMs = dueMs;
    const record = await this.#limits[job.kind](async () => {
      if (runner.ended) return null;
      startedMs = clock.monotonicMs();
      this.#noteStart(startedMs - dueMs, job.rhythm.intervalMs);
      runner.abort = new AbortController();
      return this.#attempt(job, runner.abort);
    });
    runner.abort = null;
    if (runner.ended || record === null) return;
    if (record.verdict.kind === 'inconclusive') this.#stats.inconclusive += 1;
    const streak = job.record(record);
    if (runner.ended || streak === null) return;
    this.#queue.set(runner, this.#nextDueMs(runner, startedMs, streak));
    this.#arm();
  }

  #nextDueMs({ job, originMs }: Runner, startedMs: number, streak: Streak): number {
    const { rhythm } = job;
    const dueMs = nextDueMs(originMs, startedMs, rhythm, streak);
    const nowMs = this.#deps.clock.monotonicMs();
    if (dueMs >= nowMs) return dueMs;
    // A change being confirmed goes on at once; a slot of the grid that has passed is skipped.
    if (isChanging(streak)) return nowMs;
    this.#stats.skipped += 1;
    return nextDueMs(originMs, nowMs, rhythm, streak);
  }

  #noteStart(latenessMs: number, intervalMs: number): void {
    this.#stats.started += 1;
    this.#stats.skipped += Math.floor(Math.max(0, latenessMs) / intervalMs);
    this.#stats.latenessMs = Math.max(0, latenessMs);
    this.#stats.maxLatenessMs = Math.max(this.#stats.maxLatenessMs, latenessMs);
  }

  /** The only deadline there is: a verdict comes at `timeoutMs`, whatever the probe does. */
  #attempt(job: Pick<Job, 'rhythm' | 'probe'>, abort: AbortController): Promise<ProbeRecord> {
    const { clock } = this.#deps;
    const { timeoutMs } = job.rhythm;
    const startMs = clock.monotonicMs();
    return new Promise((resolve) => {
      let timer: Timer | null = null;
      let deadlinePassed = false;
      let settled = false;
      const settle = (verdict: Verdict): void => {
        if (settled) return;
        settled = true;
        timer?.cancel();
        const durationMs = clock.monotonicMs() - startMs;
        resolve({ verdict, durationMs, atMs: clock.wallMs() });
      };
      timer = clock.after(timeoutMs, () => {
        deadlinePassed = true;
        abort.abort();
      });
      // At the deadline, and when hfmd stops: the probe settles now, or is not waited for any longer.
      abort.signal.addEventListener('abort', () => {
        timer?.cancel();
        timer = clock.after(OBEY_MS, () => settle(this.#judge(DISOBEYED, startMs, timeoutMs)));
      });
      job.probe.run(abort.signal).then(
        (verdict) =>
          settle(deadlinePassed ? this.#judge(atDeadline(verdict), startMs, timeoutMs) : verdict),
        (error: unknown) => settle(inconclusive('internal-error', String(error))),
      );
    });
  }

  /** A deadline that passed while we stood still ourselves says nothing about the backend. */
  #judge(verdict: Verdict, startMs: number, timeoutMs: number): Verdict {
    const { clock, stalls } = this.#deps;
    const lateMs = clock.monotonicMs() - startMs - timeoutMs - OBEY_MS;
    const stalledMs = Math.max(stalls.stalledSince(startMs), lateMs);
    if (stalledMs < Math.max(MIN_STALL_MS, timeoutMs * STALL_SHARE)) return verdict;
    return inconclusive(
      'stalled',
      `no answer in time, but this node stood still for ${Math.round(stalledMs)} ms of it`,
    );
  }
}

const DISOBEYED: Verdict = fail('deadline', 'no verdict at the deadline');

/** A pass that came after its deadline is none. */
function atDeadline(verdict: Verdict): Verdict {
  return verdict.kind === 'pass' ? DISOBEYED : verdict;
}

interface Runner {
  readonly job: Job;
  /** The start of its grid, on the monotonic clock. */
  readonly originMs: number;
  ended: boolean;
  abort: AbortController | null;
  settled: Promise<void>;
}
