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
import { fail, inconclusive, type Verdict } from '../core/verdict.ts';
import type { EngineMeter } from '../metrics/engine-meter.ts';
import type { Attempt, Probe } from '../probes/probe.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { DueQueue, NOWHERE, type Queued } from './due-queue.ts';
import { Places } from './places.ts';
import type { StallWatch } from './stall-watch.ts';

/** One check of one backend, to be probed again and again. */
export interface Job {
  /** `backend/check`, unique; its hash spreads the starts. */
  readonly key: string;
  readonly kind: ProbeKind;
  readonly rhythm: Rhythm;
  readonly startDelayMs: number;
  readonly probe: Probe;
  /** Counts the outcome; what comes back decides when the next probe is due. */
  readonly record: (record: ProbeRecord) => Streak | null;
}

export interface SchedulerDeps {
  readonly clock: Clock;
  readonly stalls: StallWatch;
  readonly meter: EngineMeter;
}

export interface Limits {
  readonly network: number;
  readonly scripts: number;
}

/**
 * A probe obeys its cut within the turn in which it comes; one that does not within this time has a
 * bug, and gets its verdict all the same.
 */
const OBEY_MS = 50;
/** This share of its timeout spent standing still ourselves makes a late answer our own fault. */
const STALL_SHARE = 0.1;
const MIN_STALL_MS = 20;
/** A check that begins is probed soon, and not only when its phase comes: so many begin a second. */
const BEGINS_PER_MS = 1;
/** Timers are rounded to milliseconds: what is due within this one is due. */
const MOMENT_MS = 1;

/** Starts every job when it is due, and ends every probe at its deadline. */
export class Scheduler {
  readonly #deps: SchedulerDeps;
  readonly #runners = new Map<string, Runner>();
  readonly #starts = new DueQueue<Runner>();
  /** Every probe that is in flight. */
  readonly #deadlines = new DueQueue<Run>();
  readonly #places: Readonly<Record<ProbeKind, Places>>;
  #timer: Timer | null = null;
  #timerDueMs = Number.POSITIVE_INFINITY;
  #isStopped = false;
  #onIdle: (() => void) | null = null;

  constructor(deps: SchedulerDeps, limits: Limits) {
    this.#deps = deps;
    this.#places = { network: new Places(limits.network), script: new Places(limits.scripts) };
  }

  get inFlight(): number {
    return this.#deadlines.size;
  }

  /** How many wait for a place among those that may run at once. */
  get waiting(): number {
    return this.#places.network.waiting + this.#places.script.waiting;
  }

  /** Makes the jobs be exactly these: new ones begin, missing ones end, changed ones go over. */
  setJobs(jobs: readonly Job[], limits: Limits): void {
    this.#places.network.setLimit(limits.network);
    this.#places.script.setLimit(limits.scripts);
    const wanted = new Map(jobs.map((job) => [job.key, job]));
    for (const [key, runner] of this.#runners) {
      if (wanted.get(key)?.probe === runner.job.probe) continue;
      this.#runners.delete(key);
      this.#end(runner);
    }
    const begun = jobs.filter(({ key }) => !this.#runners.has(key));
    for (const job of begun) this.#begin(job, begun.length);
    this.#arm();
  }

  /** Has a job probed within `inMs`; where a probe is under way, not before that has ended. */
  hurry(key: string, inMs = 0): void {
    const runner = this.#runners.get(key);
    if (runner === undefined || this.#isStopped) return;
    const dueMs = this.#deps.clock.monotonicMs() + inMs;
    if (!this.#starts.has(runner)) {
      runner.hurriedToMs = Math.min(runner.hurriedToMs, dueMs);
    } else if (inMs === 0) {
      this.#starts.delete(runner);
      this.#places[runner.job.kind].enter(() => this.#turn(runner, dueMs));
    } else {
      this.#starts.hasten(runner, dueMs);
      this.#arm();
    }
  }

  /** Runs one probe now, with the same deadline, outside of any schedule. */
  runOnce(job: Pick<Job, 'kind' | 'rhythm' | 'probe'>): Promise<ProbeRecord> {
    return new Promise((resolve) => {
      const places = this.#places[job.kind];
      places.enter(() => {
        this.#run(job, (record) => {
          places.leave();
          resolve(record);
        });
      });
    });
  }

  /** Ends everything; resolves when nothing is in flight any more. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    for (const runner of this.#runners.values()) this.#end(runner);
    this.#runners.clear();
    for (const run of this.#deadlines.items()) this.#cut(run);
    if (this.inFlight > 0) {
      await new Promise<void>((resolve) => {
        const others = this.#onIdle;
        this.#onIdle = () => {
          others?.();
          resolve();
        };
      });
    }
    this.#timer?.cancel();
  }

  #begin(job: Job, begunAtOnce: number): void {
    const { kind, rhythm } = job;
    const { intervalMs } = rhythm;
    const fromMs = this.#deps.clock.monotonicMs() + job.startDelayMs;
    const phase = phaseMs(job.key, intervalMs);
    const share = Math.min(1, begunAtOnce / BEGINS_PER_MS / intervalMs);
    const runner: Runner = {
      job,
      originMs: onTick(fromMs + phase, intervalMs, kind),
      isEnded: false,
      hurriedToMs: FAR_MS,
      run: null,
      dueMs: FAR_MS,
      place: NOWHERE,
    };
    this.#runners.set(job.key, runner);
    this.#starts.set(runner, fromMs + firstDelayMs(phase * share, intervalMs, kind));
  }

  #end(runner: Runner): void {
    runner.isEnded = true;
    this.#starts.delete(runner);
    if (runner.run !== null) this.#cut(runner.run);
  }

  /** One timer serves all starts and deadlines. It may come too early, which costs little. */
  #arm(): void {
    const startMs = this.#isStopped ? null : this.#starts.nextDueMs();
    const deadlineMs = this.#deadlines.nextDueMs();
    const dueMs = Math.min(startMs ?? FAR_MS, deadlineMs ?? FAR_MS);
    if (dueMs >= this.#timerDueMs) return;
    this.#timer?.cancel();
    this.#timerDueMs = dueMs;
    const { clock } = this.#deps;
    this.#timer = clock.after(dueMs - clock.monotonicMs(), () => this.#onTimer());
  }

  #onTimer(): void {
    this.#deps.stalls.look(this.#timerDueMs);
    this.#timerDueMs = FAR_MS;
    const untilMs = this.#deps.clock.monotonicMs() + MOMENT_MS;
    for (let run = this.#deadlines.peek(untilMs); run !== null; ) {
      if (run.isCut) this.#settle(run, DISOBEYED);
      else this.#cut(run);
      run = this.#deadlines.peek(untilMs);
    }
    const due = this.#starts.takeAll(untilMs);
    // Before the work: Node counts a timer from the time at which it last woke up.
    this.#arm();
    for (const runner of due) {
      const { dueMs } = runner;
      this.#places[runner.job.kind].enter(() => this.#turn(runner, dueMs));
    }
  }

  /** One probe of a runner, from its place to its next due time. */
  #turn(runner: Runner, dueMs: number): void {
    const { job } = runner;
    const places = this.#places[job.kind];
    if (runner.isEnded) {
      places.leave();
      return;
    }
    const { clock, meter } = this.#deps;
    const startMs = clock.monotonicMs();
    meter.started(Math.max(0, startMs - dueMs), job.rhythm.intervalMs);
    runner.hurriedToMs = FAR_MS;
    const run = this.#run(job, (record) => {
      runner.run = null;
      places.leave();
      if (runner.isEnded) return;
      meter.ended(record.verdict);
      const streak = job.record(record);
      if (runner.isEnded || streak === null) return;
      this.#starts.set(runner, this.#nextDueMs(runner, { dueMs, startMs }, streak));
      this.#arm();
    });
    if (this.#deadlines.has(run)) runner.run = run;
  }

  #nextDueMs(runner: Runner, last: Start, streak: Streak): number {
    const { originMs, hurriedToMs } = runner;
    const { rhythm } = runner.job;
    const nowMs = this.#deps.clock.monotonicMs();
    const dueMs = nextDueMs(originMs, last, rhythm, streak);
    if (hurriedToMs < dueMs) return Math.max(nowMs, hurriedToMs);
    if (dueMs >= nowMs) return dueMs;
    // A change being confirmed goes on at once; a slot of the grid that has passed is skipped.
    if (isChanging(streak)) return nowMs;
    this.#deps.meter.skipped(1);
    return nextDueMs(originMs, { dueMs: nowMs, startMs: nowMs }, rhythm, streak);
  }

  /** The only deadline there is: a verdict comes at `timeoutMs`, whatever the probe does. */
  #run({ probe, rhythm }: Pick<Job, 'rhythm' | 'probe'>, onEnd: Run['onEnd']): Run {
    const startMs = this.#deps.clock.monotonicMs();
    const { timeoutMs } = rhythm;
    const run: Run = {
      startMs,
      timeoutMs,
      onEnd,
      attempt: null,
      isCut: false,
      dueMs: FAR_MS,
      place: NOWHERE,
    };
    if (this.inFlight === 0) this.#deps.stalls.watch();
    this.#deadlines.set(run, startMs + timeoutMs);
    this.#arm();
    try {
      run.attempt = probe.start((verdict) => this.#settle(run, verdict));
    } catch (error) {
      this.#settle(run, inconclusive('internal-error', String(error)));
    }
    if (this.#isStopped) this.#cut(run);
    return run;
  }

  /** The probe settles now, or is not waited for any longer. */
  #cut(run: Run): void {
    if (run.isCut || !this.#deadlines.has(run)) return;
    run.isCut = true;
    this.#deadlines.set(run, this.#deps.clock.monotonicMs() + OBEY_MS);
    this.#arm();
    run.attempt?.cut();
  }

  #settle(run: Run, verdict: Verdict): void {
    if (!this.#deadlines.has(run)) return;
    this.#deadlines.delete(run);
    const { clock } = this.#deps;
    const durationMs = clock.monotonicMs() - run.startMs;
    const judged = run.isCut ? this.#judge(verdict, run) : verdict;
    if (this.inFlight === 0) this.#deps.stalls.rest();
    run.onEnd({ verdict: judged, durationMs, atMs: clock.wallMs() });
    if (this.inFlight === 0) this.#onIdle?.();
  }

  /** A deadline that passed while we stood still ourselves says nothing about the backend. */
  #judge(verdict: Verdict, { startMs, timeoutMs }: Run): Verdict {
    const { clock, stalls } = this.#deps;
    // A pass that came after its deadline is none.
    const late = verdict.kind === 'pass' ? DISOBEYED : verdict;
    const lateMs = clock.monotonicMs() - startMs - timeoutMs - OBEY_MS;
    const stalledMs = Math.max(stalls.stalledSince(startMs), lateMs);
    if (stalledMs < Math.max(MIN_STALL_MS, timeoutMs * STALL_SHARE)) return late;
    return inconclusive(
      'stalled',
      `no answer in time, but this node stood still for ${Math.round(stalledMs)} ms of it`,
    );
  }
}

const FAR_MS = Number.POSITIVE_INFINITY;

const DISOBEYED: Verdict = fail('deadline', 'no verdict at the deadline');

interface Runner extends Queued {
  readonly job: Job;
  /** The start of its grid, on the monotonic clock. */
  readonly originMs: number;
  isEnded: boolean;
  /** When the next probe is wanted, ahead of its rhythm. */
  hurriedToMs: number;
  run: Run | null;
}

/** A probe under way, in or outside of the schedule. */
interface Run extends Queued {
  readonly startMs: number;
  readonly timeoutMs: number;
  readonly onEnd: (record: ProbeRecord) => void;
  attempt: Attempt | null;
  isCut: boolean;
}
