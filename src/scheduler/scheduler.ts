import { isChanging, type Streak } from '../core/health.ts';
import type { ProbeRecord } from '../core/probe-history.ts';
import {
  firstDelayMs,
  nextDueMs,
  onTick,
  type ProbeKind,
  phaseMs,
  type Rhythm,
  type Start,
} from '../core/schedule.ts';
import type { EngineMeter } from '../metrics/engine-meter.ts';
import type { Probe } from '../probes/probe.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { DueQueue, NOT_QUEUED, type Queued } from './due-queue.ts';
import { ProbeRuns, type Run } from './probe-runs.ts';
import { Semaphore } from './semaphore.ts';
import type { StallWatch } from './stall-watch.ts';

/** One check of one backend, to be probed again and again. */
export interface Job {
  /** `backend/check`, unique. Its hash spreads the starts. */
  readonly key: string;
  readonly kind: ProbeKind;
  readonly rhythm: Rhythm;
  readonly startDelayMs: number;
  readonly probe: Probe;
  /** Counts the outcome. The streak decides when the next probe is due; null ends the job. */
  readonly record: (record: ProbeRecord) => Streak | null;
}

export interface SchedulerDeps {
  readonly clock: Clock;
  readonly stalls: StallWatch;
  readonly meter: EngineMeter;
}

/** How many probes of each kind may run at once. */
export interface Limits {
  readonly network: number;
  readonly scripts: number;
}

/** New jobs are probed soon, before their own phase comes: this many of them in each millisecond. */
const NEW_JOBS_PER_MS = 1;
/** Timers are rounded to milliseconds, so whatever is due within one is due now. */
const TIMER_ROUNDING_MS = 1;

/** Starts a probe of every job when it is due. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #jobs = new Map<string, ScheduledJob>();
  readonly #starts = new DueQueue<ScheduledJob>();
  readonly #runs: ProbeRuns;
  readonly #semaphores: Readonly<Record<ProbeKind, Semaphore>>;
  #timer: Timer | null = null;
  #timerDueMs = NEVER_MS;
  #isStopped = false;

  constructor(deps: SchedulerDeps, limits: Limits) {
    this.#deps = deps;
    const { clock, stalls } = deps;
    this.#runs = new ProbeRuns({ clock, stalls, onDeadline: () => this.#setTimer() });
    this.#semaphores = {
      network: new Semaphore(limits.network),
      script: new Semaphore(limits.scripts),
    };
  }

  get inFlight(): number {
    return this.#runs.count;
  }

  /** How many probes are due and wait because too many run already. */
  get waiting(): number {
    return this.#semaphores.network.waiting + this.#semaphores.script.waiting;
  }

  /** Makes these the only jobs. A job whose probe is the same goes on undisturbed. */
  setJobs(jobs: readonly Job[], limits: Limits): void {
    this.#semaphores.network.setLimit(limits.network);
    this.#semaphores.script.setLimit(limits.scripts);
    const wanted = new Map(jobs.map((job) => [job.key, job]));
    for (const [key, scheduled] of this.#jobs) {
      if (wanted.get(key)?.probe === scheduled.job.probe) continue;
      this.#jobs.delete(key);
      this.#end(scheduled);
      if (scheduled.run !== null) this.#runs.cut(scheduled.run);
    }
    const added = jobs.filter(({ key }) => !this.#jobs.has(key));
    for (const job of added) this.#add(job, added.length);
    this.#setTimer();
  }

  /** Makes a job's next probe due in `inMs` at the latest. A probe that is in flight ends first. */
  probeSoon(key: string, inMs = 0): void {
    const scheduled = this.#jobs.get(key);
    if (scheduled === undefined || this.#isStopped) return;
    const dueMs = this.#deps.clock.monotonicMs() + inMs;
    if (!this.#starts.has(scheduled)) {
      scheduled.probeByMs = Math.min(scheduled.probeByMs, dueMs);
    } else if (inMs === 0) {
      this.#starts.delete(scheduled);
      this.#probeInTurn(scheduled, dueMs);
    } else {
      this.#starts.bringForward(scheduled, dueMs);
      this.#setTimer();
    }
  }

  /** Runs one probe outside of any schedule, as soon as the limit allows, with the same deadline. */
  runOnce({ kind, rhythm, probe }: Pick<Job, 'kind' | 'rhythm' | 'probe'>): Promise<ProbeRecord> {
    return new Promise((resolve) => {
      const semaphore = this.#semaphores[kind];
      semaphore.acquire(() => {
        this.#runs.start(probe, rhythm.timeoutMs, (record) => {
          semaphore.release();
          resolve(record);
        });
      });
    });
  }

  /** Ends all jobs and cuts all probes. Resolves when none is in flight. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const scheduled of this.#jobs.values()) this.#end(scheduled);
    this.#jobs.clear();
    await this.#runs.stop();
    this.#timer?.cancel();
  }

  #add(job: Job, addedAtOnce: number): void {
    const { kind, rhythm } = job;
    const { intervalMs } = rhythm;
    const fromMs = this.#deps.clock.monotonicMs() + job.startDelayMs;
    const phase = phaseMs(job.key, intervalMs);
    const share = Math.min(1, addedAtOnce / NEW_JOBS_PER_MS / intervalMs);
    const scheduled: ScheduledJob = {
      job,
      originMs: onTick(fromMs + phase, intervalMs, kind),
      isEnded: false,
      probeByMs: NEVER_MS,
      run: null,
      dueMs: NEVER_MS,
      index: NOT_QUEUED,
    };
    this.#jobs.set(job.key, scheduled);
    this.#starts.set(scheduled, fromMs + firstDelayMs(phase * share, intervalMs, kind));
  }

  #end(scheduled: ScheduledJob): void {
    scheduled.isEnded = true;
    this.#starts.delete(scheduled);
  }

  /** One timer serves all starts and deadlines. It may fire too early, which costs little. */
  #setTimer(): void {
    const startMs = this.#isStopped ? null : this.#starts.nextDueMs();
    const deadlineMs = this.#runs.nextDeadlineMs();
    const dueMs = Math.min(startMs ?? NEVER_MS, deadlineMs ?? NEVER_MS);
    if (dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const { clock } = this.#deps;
    this.#timer = clock.after(dueMs - clock.monotonicMs(), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#deps.stalls.timerFired(this.#timerDueMs);
    this.#timerDueMs = NEVER_MS;
    const untilMs = this.#deps.clock.monotonicMs() + TIMER_ROUNDING_MS;
    this.#runs.endOverdue(untilMs);
    const due = this.#starts.takeAll(untilMs);
    // Before the work: Node counts a timer from the time at which it last woke up.
    this.#setTimer();
    for (const scheduled of due) this.#probeInTurn(scheduled, scheduled.dueMs);
  }

  #probeInTurn(scheduled: ScheduledJob, dueMs: number): void {
    this.#semaphores[scheduled.job.kind].acquire(() => this.#probe(scheduled, dueMs));
  }

  /** One probe of a job that has acquired the semaphore. At its end the next start is due. */
  #probe(scheduled: ScheduledJob, dueMs: number): void {
    const { job } = scheduled;
    const semaphore = this.#semaphores[job.kind];
    if (scheduled.isEnded) {
      semaphore.release();
      return;
    }
    const { clock, meter } = this.#deps;
    const startMs = clock.monotonicMs();
    meter.started(Math.max(0, startMs - dueMs), job.rhythm.intervalMs);
    scheduled.probeByMs = NEVER_MS;
    const run = this.#runs.start(job.probe, job.rhythm.timeoutMs, (record) => {
      scheduled.run = null;
      semaphore.release();
      if (scheduled.isEnded) return;
      meter.ended(record.verdict);
      const streak = job.record(record);
      if (scheduled.isEnded || streak === null) return;
      this.#starts.set(scheduled, this.#nextStartMs(scheduled, { dueMs, startMs }, streak));
      this.#setTimer();
    });
    if (this.#runs.has(run)) scheduled.run = run;
  }

  #nextStartMs(scheduled: ScheduledJob, last: Start, streak: Streak): number {
    const { originMs, probeByMs } = scheduled;
    const { rhythm } = scheduled.job;
    const nowMs = this.#deps.clock.monotonicMs();
    const dueMs = nextDueMs(originMs, last, rhythm, streak);
    if (probeByMs < dueMs) return Math.max(nowMs, probeByMs);
    if (dueMs >= nowMs) return dueMs;
    // The probes that confirm a change go on at once. Any other start that has passed is skipped.
    if (isChanging(streak)) return nowMs;
    this.#deps.meter.skipped(1);
    return nextDueMs(originMs, { dueMs: nowMs, startMs: nowMs }, rhythm, streak);
  }
}

const NEVER_MS = Number.POSITIVE_INFINITY;

interface ScheduledJob extends Queued {
  readonly job: Job;
  /** Monotonic time from which its interval counts. */
  readonly originMs: number;
  isEnded: boolean;
  /** Set by `probeSoon` while a probe is in flight or waits: the latest time for the next one. */
  probeByMs: number;
  run: Run | null;
}
