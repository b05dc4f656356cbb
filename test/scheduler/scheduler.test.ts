import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { count, type Streak } from '../../src/core/health.ts';
import type { ProbeRecord } from '../../src/core/probe-history.ts';
import { type Rhythm, tickMs, worstCaseDetectionMs } from '../../src/core/schedule.ts';
import { fail, pass, type Verdict } from '../../src/core/verdict.ts';
import { EngineMeter } from '../../src/metrics/engine-meter.ts';
import type { Attempt, Done } from '../../src/probes/probe.ts';
import { type Job, Scheduler } from '../../src/scheduler/scheduler.ts';
import { watchStalls } from '../../src/scheduler/stall-watch.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';

const RHYTHM: Rhythm = {
  intervalMs: 1000,
  fastIntervalMs: 200,
  downIntervalMs: 4000,
  timeoutMs: 500,
};
const MANY = { network: 1000, scripts: 1000 };
const UP: Streak = { health: 'up', passes: 1, failures: 0 };

/** A fake probe answers after a time, or waits for its cut, or ignores that too. */
type Behaviour =
  | { readonly kind: 'answers'; readonly afterMs: number; readonly verdict: Verdict }
  | { readonly kind: 'hangs' }
  | { readonly kind: 'ignores-cut' }
  | { readonly kind: 'answers-at-once'; readonly verdict: Verdict }
  | { readonly kind: 'throws' };

const PASSES: Behaviour = { kind: 'answers', afterMs: 1, verdict: pass('ok') };
const FAILS: Behaviour = { kind: 'answers', afterMs: 1, verdict: fail('connect-refused', 'no') };
const HANGS: Behaviour = { kind: 'hangs' };
const IGNORES_CUT: Behaviour = { kind: 'ignores-cut' };

interface FakeJob {
  readonly job: Job;
  /** Monotonic times from the scheduler's start. */
  readonly starts: number[];
  readonly records: (ProbeRecord & { readonly endMs: number })[];
  behave(behaviour: Behaviour): void;
  readonly mostAtOnce: number;
  readonly cuts: number;
}

interface JobOptions {
  readonly key?: string;
  readonly kind?: Job['kind'];
  readonly rhythm?: Rhythm;
  readonly startDelayMs?: number;
  /** Its streak at first, and its fall. */
  readonly streak?: Streak;
  readonly fall?: number;
  readonly behaviour?: Behaviour;
}

function fakeJob(clock: FakeClock, options: JobOptions = {}): FakeJob {
  const bornMs = clock.monotonicMs();
  const since = (): number => clock.monotonicMs() - bornMs;
  const starts: number[] = [];
  const records: (ProbeRecord & { endMs: number })[] = [];
  let behaviour = options.behaviour ?? PASSES;
  let streak = options.streak ?? UP;
  let running = 0;
  let mostAtOnce = 0;
  let cuts = 0;
  const start = (done: Done): Attempt => {
    starts.push(since());
    const now = behaviour;
    if (now.kind === 'throws') throw new Error('a bug');
    if (now.kind === 'answers-at-once') {
      done(now.verdict);
      return { cut() {} };
    }
    running += 1;
    mostAtOnce = Math.max(mostAtOnce, running);
    const end = (verdict: Verdict): void => {
      running -= 1;
      done(verdict);
    };
    if (now.kind === 'answers') clock.after(now.afterMs, () => end(now.verdict));
    return {
      cut() {
        cuts += 1;
        if (now.kind === 'hangs') end(fail('read-timeout', 'no answer'));
      },
    };
  };
  const job: Job = {
    key: options.key ?? 'lb1/tcp',
    kind: options.kind ?? 'network',
    rhythm: options.rhythm ?? RHYTHM,
    startDelayMs: options.startDelayMs ?? 0,
    probe: { endpoint: null, start, close() {} },
    record(record) {
      records.push({ ...record, endMs: since() });
      const rule = { rise: 2, fall: options.fall ?? 3, held: 'neither' } as const;
      streak = count(streak, record.verdict, rule);
      return streak;
    },
  };
  return {
    job,
    starts,
    records,
    behave(next) {
      behaviour = next;
    },
    get mostAtOnce() {
      return mostAtOnce;
    },
    get cuts() {
      return cuts;
    },
  };
}

function createScheduler(limits = MANY) {
  const clock = createFakeClock();
  const stalls = watchStalls(clock);
  const meter = new EngineMeter(clock);
  return { clock, stalls, meter, scheduler: new Scheduler({ clock, stalls, meter }, limits) };
}

/** Advances to the start of the first probe, and then `furtherMs` more. */
async function advanceInto(clock: FakeClock, one: FakeJob, furtherMs: number): Promise<void> {
  for (let ms = 0; ms < 1000 && one.starts.length === 0; ms++) await clock.advance(1);
  await clock.advance(furtherMs);
  expect(one.starts).toHaveLength(1);
}

describe('starts', () => {
  test('begin soon, and keep the phase of the name however long each takes', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: { ...PASSES, afterMs: 321 } as Behaviour });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(10_500);
    expect(one.starts[0]).toBeLessThanOrEqual(tickMs(1000, 'network') + 1);
    const gaps = one.starts.slice(2).map((ms, i) => ms - (one.starts[i + 1] ?? 0));
    expect(gaps.length).toBeGreaterThanOrEqual(8);
    for (const gap of gaps) expect(Math.abs(gap - 1000)).toBeLessThanOrEqual(1);
  });

  test.each([
    { kind: 'network', ticks: 50 },
    { kind: 'script', ticks: 25 },
  ] as const)(
    'of many jobs of kind $kind are on $ticks ticks, spread over the interval',
    async ({ kind, ticks }) => {
      const { clock, scheduler } = createScheduler();
      const jobs = Array.from({ length: 500 }, (_, i) => fakeJob(clock, { key: `b${i}/c`, kind }));
      scheduler.setJobs(
        jobs.map(({ job }) => job),
        MANY,
      );
      await clock.advance(5000);
      const starts = jobs.flatMap((one) => one.starts.filter((ms) => ms > 2000 && ms <= 3000));
      expect(starts).toHaveLength(500);
      const moments = new Map<number, number>();
      for (const ms of starts) {
        const moment = Math.round((ms * ticks) / 1000);
        moments.set(moment, (moments.get(moment) ?? 0) + 1);
      }
      expect(new Set(starts).size).toBeLessThanOrEqual(ticks);
      expect(moments.size).toBeGreaterThan(ticks * 0.9);
      expect(Math.max(...moments.values())).toBeLessThan((500 / ticks) * 3);
    },
  );

  test('wait for start_delay', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { startDelayMs: 5000 });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(4990);
    expect(one.starts).toEqual([]);
    await clock.advance(50);
    expect(one.starts).toHaveLength(1);
  });

  test('come at down_interval while the check is down', async () => {
    const { clock, scheduler } = createScheduler();
    const down: Streak = { health: 'down', passes: 0, failures: 5 };
    const one = fakeJob(clock, { streak: down, behaviour: FAILS });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(17_000);
    const gaps = one.starts.slice(2).map((ms, i) => ms - (one.starts[i + 1] ?? 0));
    expect(gaps.every((ms) => Math.abs(ms - 4000) <= 1)).toBe(true);
    expect(gaps.length).toBeGreaterThanOrEqual(2);
  });

  test('come at fast_interval while a change is being confirmed', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { fall: 5 });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(1000);
    one.behave(FAILS);
    await clock.advance(3000);
    const gaps = one.starts.slice(3, 7).map((ms, i) => ms - (one.starts[i + 2] ?? 0));
    expect(gaps).toEqual([200, 200, 200, 200]);
  });

  test('wait for the probe before if fast_interval is shorter than the timeout', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { fall: 4, behaviour: HANGS });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(4000);
    const gaps = one.starts.slice(1, 4).map((ms, i) => ms - (one.starts[i] ?? 0));
    expect(gaps).toEqual([500, 500, 500]);
    expect(one.mostAtOnce).toBe(1);
  });

  test('that have passed are skipped, and not made up for', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock);
    scheduler.setJobs([one.job], MANY);
    await clock.advance(2000);
    const before = one.starts.length;
    clock.stall(10_000);
    await clock.advance(1999);
    expect(one.starts.length - before).toBeLessThanOrEqual(3);
  });

  test('that passed while the check waited for its turn count as skipped', async () => {
    const limits = { network: 1, scripts: 1 };
    const { clock, meter, scheduler } = createScheduler(limits);
    const slow = fakeJob(clock, { key: 'slow', behaviour: IGNORES_CUT });
    const rhythm = { ...RHYTHM, intervalMs: 100, timeoutMs: 50 };
    const quick = fakeJob(clock, { key: 'quick', rhythm });
    scheduler.setJobs([slow.job, quick.job], limits);
    await clock.advance(5000);
    expect(quick.mostAtOnce).toBe(1);
    expect(meter.stats.skipped).toBeGreaterThan(0);
  });
});

describe('the deadline', () => {
  test('ends a probe that hangs, with the verdict of the probe', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: HANGS });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(2000);
    expect(one.records[0]).toMatchObject({
      verdict: { kind: 'fail', reason: 'read-timeout' },
      durationMs: 500,
    });
    expect(one.cuts).toBeGreaterThan(0);
  });

  test('gives a verdict for a probe that ignores its cut, 50 ms later', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: IGNORES_CUT });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(2000);
    expect(one.records[0]).toMatchObject({
      verdict: { kind: 'fail', reason: 'deadline' },
      durationMs: 550,
    });
  });

  test('a pass that comes after it does not count', async () => {
    const { clock, scheduler } = createScheduler();
    const late: Behaviour = { kind: 'answers', afterMs: 510, verdict: pass('late') };
    const one = fakeJob(clock, { behaviour: late });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(2000);
    expect(one.records[0]?.verdict).toMatchObject({ kind: 'fail' });
  });

  test('a probe with a bug is inconclusive, and is started again', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: { kind: 'throws' } });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(3000);
    expect(one.records[0]?.verdict).toMatchObject({
      kind: 'inconclusive',
      reason: 'internal-error',
    });
    expect(one.records.length).toBeGreaterThanOrEqual(2);
  });

  test('a verdict that comes at once counts like any other', async () => {
    const { clock, scheduler } = createScheduler();
    const behaviour = { kind: 'answers-at-once', verdict: pass('ok') } as const;
    const one = fakeJob(clock, { behaviour });
    scheduler.setJobs([one.job], MANY);
    await clock.advance(5000);
    expect(one.records.length).toBeGreaterThanOrEqual(4);
    expect(one.cuts).toBe(0);
    expect(scheduler.inFlight).toBe(0);
  });

  test('that passed while hfmd was paused is inconclusive', async () => {
    const { clock, meter, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: HANGS });
    scheduler.setJobs([one.job], MANY);
    await advanceInto(clock, one, 100);
    clock.stall(2000);
    await clock.advance(0);
    expect(one.records[0]?.verdict).toMatchObject({ kind: 'inconclusive', reason: 'stalled' });
    expect(meter.stats.inconclusive).toBe(1);
  });

  test.each([40, 60, 100])(
    'of 40 ms that passed while hfmd was paused for %d ms is inconclusive',
    async (stallMs) => {
      const { clock, scheduler } = createScheduler();
      const one = fakeJob(clock, { behaviour: HANGS, rhythm: { ...RHYTHM, timeoutMs: 40 } });
      scheduler.setJobs([one.job], MANY);
      await advanceInto(clock, one, 20);
      clock.stall(stallMs);
      await clock.advance(20);
      expect(one.records[0]?.verdict.kind).toBe('inconclusive');
    },
  );

  test('that passed long after a stall is a failure', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: HANGS });
    scheduler.setJobs([one.job], MANY);
    clock.stall(3000);
    await clock.advance(2000);
    expect(one.records.at(-1)?.verdict).toMatchObject({ kind: 'fail' });
  });

  test('an answer that came in time counts, stall or not', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: FAILS });
    scheduler.setJobs([one.job], MANY);
    await advanceInto(clock, one, 0);
    clock.stall(300);
    await clock.advance(0);
    expect(one.records[0]?.verdict).toMatchObject({ kind: 'fail', reason: 'connect-refused' });
  });
});

describe('limits', () => {
  test('count network probes and scripts apart', async () => {
    const limits = { network: 2, scripts: 1 };
    const { clock, scheduler } = createScheduler(limits);
    const network = [1, 2, 3, 4].map((i) =>
      fakeJob(clock, { key: `n${i}`, behaviour: IGNORES_CUT }),
    );
    const script = fakeJob(clock, { key: 's', kind: 'script' });
    scheduler.setJobs(
      [...network, script].map(({ job }) => job),
      limits,
    );
    let most = 0;
    for (let ms = 0; ms < 3000; ms += 10) {
      await clock.advance(10);
      most = Math.max(most, scheduler.inFlight);
    }
    expect(most).toBeLessThanOrEqual(3);
    expect(script.starts.length).toBeGreaterThanOrEqual(2);
    for (const { records } of network) expect(records.length).toBeGreaterThan(0);
  });

  test('a probe that waited for its turn has its whole timeout', async () => {
    const limits = { network: 1, scripts: 1 };
    const { clock, scheduler } = createScheduler(limits);
    const jobs = ['a', 'b', 'c'].map((key) => fakeJob(clock, { key, behaviour: HANGS }));
    scheduler.setJobs(
      jobs.map(({ job }) => job),
      limits,
    );
    await clock.advance(5000);
    for (const { records } of jobs) expect(records[0]?.durationMs).toBe(500);
  });
});

describe('jobs', () => {
  test('that stay the same go on undisturbed when others come and go', async () => {
    const { clock, scheduler } = createScheduler();
    const kept = fakeJob(clock, { key: 'kept' });
    const gone = fakeJob(clock, { key: 'gone' });
    scheduler.setJobs([kept.job, gone.job], MANY);
    await clock.advance(3000);
    const expected = (kept.starts.at(-1) ?? 0) + 1000;
    scheduler.setJobs([kept.job, fakeJob(clock, { key: 'new' }).job], MANY);
    const goneStarts = gone.starts.length;
    await clock.advance(1000);
    expect(kept.starts.at(-1)).toBeCloseTo(expected, 0);
    expect(gone.starts).toHaveLength(goneStarts);
  });

  test('that end while in flight are cut and not counted', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: HANGS });
    scheduler.setJobs([one.job], MANY);
    await advanceInto(clock, one, 10);
    scheduler.setJobs([], MANY);
    await clock.advance(5000);
    expect(one.cuts).toBe(1);
    expect(one.records).toEqual([]);
    expect(one.starts).toHaveLength(1);
  });

  test('with another probe under the same key begin anew', async () => {
    const { clock, scheduler } = createScheduler();
    const before = fakeJob(clock);
    scheduler.setJobs([before.job], MANY);
    await clock.advance(3000);
    const starts = before.starts.length;
    const after = fakeJob(clock);
    scheduler.setJobs([after.job], MANY);
    await clock.advance(3000);
    expect(before.starts).toHaveLength(starts);
    expect(after.starts.length).toBeGreaterThanOrEqual(2);
  });

  test('whose check is gone are not started again', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock);
    scheduler.setJobs([{ ...one.job, record: () => null }], MANY);
    await clock.advance(5000);
    expect(one.starts).toHaveLength(1);
  });
});

describe('a job to be probed soon', () => {
  test('is due at once, and then again in its phase', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock);
    scheduler.setJobs([one.job], MANY);
    await clock.advance(2000);
    const [last = 0] = one.starts.slice(-1);
    scheduler.probeSoon('lb1/tcp');
    await clock.advance(1);
    expect(one.starts.at(-1)).toBeCloseTo(2000, 0);
    await clock.advance(1000);
    expect(one.starts.at(-1)).toBeCloseTo(last + 1000, 0);
  });

  test('that is in flight is probed once more when it has ended', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: { ...PASSES, afterMs: 100 } as Behaviour });
    scheduler.setJobs([one.job], MANY);
    await advanceInto(clock, one, 50);
    scheduler.probeSoon('lb1/tcp');
    scheduler.probeSoon('lb1/tcp');
    await clock.advance(60);
    expect(one.starts).toHaveLength(2);
    expect(one.mostAtOnce).toBe(1);
  });

  test('that is not there, or not any more, changes nothing', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock);
    scheduler.setJobs([one.job], MANY);
    await scheduler.stop();
    scheduler.probeSoon('lb1/tcp');
    scheduler.probeSoon('nobody');
    await clock.advance(1000);
    expect(one.starts).toEqual([]);
  });
});

test('between two probes there is one timer, for the next', async () => {
  const { clock, scheduler } = createScheduler();
  const one = fakeJob(clock, { behaviour: { kind: 'answers', afterMs: 50, verdict: pass('ok') } });
  scheduler.setJobs([one.job], MANY);
  await advanceInto(clock, one, 10);
  // The deadline, the answer, and the stall watch's next look at the clock.
  expect(clock.pending).toBe(3);
  await clock.advance(100);
  expect(one.records).toHaveLength(1);
  expect(clock.pending).toBe(1);
});

describe('stop', () => {
  test('cuts what is in flight, waits for it, starts nothing more, and may be called twice', async () => {
    const { clock, scheduler } = createScheduler();
    const hangs = fakeJob(clock, { key: 'hangs', behaviour: HANGS });
    const ignoring = fakeJob(clock, { key: 'ignores-cut', behaviour: IGNORES_CUT });
    scheduler.setJobs([hangs.job, ignoring.job], MANY);
    await clock.advance(100);
    let stopped = false;
    void Promise.all([scheduler.stop(), scheduler.stop()]).then(() => {
      stopped = true;
    });
    await clock.advance(0);
    await clock.advance(600);
    expect(stopped).toBe(true);
    const starts = hangs.starts.length + ignoring.starts.length;
    await clock.advance(10_000);
    expect(hangs.starts.length + ignoring.starts.length).toBe(starts);
    expect(clock.pending).toBe(0);
  });
});

describe('runOnce', () => {
  test('probes now, with the same deadline, and is not counted', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: HANGS });
    const done = scheduler.runOnce(one.job);
    await clock.advance(500);
    expect((await done).verdict).toMatchObject({ kind: 'fail', reason: 'read-timeout' });
    expect(one.records).toEqual([]);
  });

  test('does not outlive stop', async () => {
    const { clock, scheduler } = createScheduler();
    const one = fakeJob(clock, { behaviour: HANGS });
    const done = scheduler.runOnce(one.job);
    await clock.advance(10);
    await scheduler.stop();
    expect((await done).durationMs).toBe(10);
  });
});

test('a death is seen within the worst case that explain states, whenever it comes', async () => {
  const rhythm = fc
    .record({
      intervalMs: fc.integer({ min: 50, max: 2000 }),
      fast: fc.integer({ min: 1, max: 100 }),
      timeout: fc.integer({ min: 5, max: 100 }),
    })
    .map(({ intervalMs, fast, timeout }) => ({
      intervalMs,
      fastIntervalMs: Math.max(1, Math.floor((intervalMs * fast) / 100)),
      downIntervalMs: intervalMs,
      timeoutMs: Math.max(1, Math.floor((intervalMs * timeout) / 100)),
    }));
  await fc.assert(
    fc.asyncProperty(
      rhythm,
      fc.integer({ min: 1, max: 4 }),
      fc.nat(10_000),
      async (one, fall, deathMs) => {
        const { clock, scheduler } = createScheduler();
        const job = fakeJob(clock, {
          rhythm: one,
          fall,
          behaviour: { ...PASSES, afterMs: 0 } as Behaviour,
        });
        scheduler.setJobs([job.job], MANY);
        await clock.advance(deathMs);
        job.behave(HANGS);
        const passes = job.records.length;
        await clock.advance(worstCaseDetectionMs(one, fall) + one.intervalMs + 10_000);
        const decided = job.records.filter((_, i) => i >= passes)[fall - 1];
        // The first probe of all comes within one interval.
        expect(decided?.endMs ?? Number.POSITIVE_INFINITY).toBeLessThanOrEqual(
          deathMs + worstCaseDetectionMs(one, fall) + 1,
        );
      },
    ),
    { numRuns: 200 },
  );
});
