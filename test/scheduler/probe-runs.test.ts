import { expect, test } from 'vitest';
import type { ProbeRecord } from '../../src/core/probe-history.ts';
import { fail, pass, type Verdict } from '../../src/core/verdict.ts';
import type { Probe } from '../../src/probes/probe.ts';
import { ProbeRuns } from '../../src/scheduler/probe-runs.ts';
import { watchStalls } from '../../src/scheduler/stall-watch.ts';
import { createFakeClock } from '../fakes/clock.ts';

const TIMEOUT: Verdict = fail('read-timeout', 'no answer');

function createRuns() {
  const clock = createFakeClock();
  const records: ProbeRecord[] = [];
  let deadlines = 0;
  const runs = new ProbeRuns({
    clock,
    stalls: watchStalls(clock),
    onDeadline: () => {
      deadlines += 1;
    },
  });
  return {
    ...{ clock, records, runs },
    deadlines: () => deadlines,
    start: (probe: Probe) => runs.start(probe, 500, (record) => records.push(record)),
  };
}

/** A probe that answers when the test says so, and when it is cut, unless it ignores that. */
function fakeProbe({ ignoresCut = false } = {}) {
  let answer: (verdict: Verdict) => void = () => {};
  let cuts = 0;
  const probe: Probe = {
    endpoint: null,
    start(done) {
      answer = done;
      return {
        cut() {
          cuts += 1;
          if (!ignoresCut) done(TIMEOUT);
        },
      };
    },
    close() {},
  };
  return { probe, answer: (verdict: Verdict) => answer(verdict), cuts: () => cuts };
}

test('the outcome is the verdict, how long it took, and when it came', async () => {
  const { clock, runs, records, start } = createRuns();
  const { probe, answer } = fakeProbe();
  const run = start(probe);
  expect([runs.count, runs.has(run)]).toEqual([1, true]);
  await clock.advance(30);
  answer(pass('ok'));
  expect(records).toEqual([{ verdict: pass('ok'), durationMs: 30, atMs: clock.wallMs() }]);
  expect([runs.count, runs.has(run)]).toEqual([0, false]);
});

test('only the first verdict counts', () => {
  const { records, start } = createRuns();
  const { probe, answer } = fakeProbe();
  start(probe);
  answer(pass('ok'));
  answer(fail('connect-refused', 'no'));
  expect(records.map(({ verdict }) => verdict)).toEqual([pass('ok')]);
});

test('the deadline is the start and the timeout, and announced', () => {
  const { clock, runs, start, deadlines } = createRuns();
  expect(runs.nextDeadlineMs()).toBeNull();
  start(fakeProbe().probe);
  expect([runs.nextDeadlineMs(), deadlines()]).toEqual([clock.monotonicMs() + 500, 1]);
});

test('a probe is cut at its deadline, and not before', async () => {
  const { clock, runs, records, start } = createRuns();
  const { probe, cuts } = fakeProbe();
  start(probe);
  await clock.advance(499);
  runs.endOverdue(clock.monotonicMs());
  expect(cuts()).toBe(0);
  await clock.advance(1);
  runs.endOverdue(clock.monotonicMs());
  expect([cuts(), records.map(({ verdict }) => verdict)]).toEqual([1, [TIMEOUT]]);
});

test('a probe that ignores its cut is not cut twice, and fails 50 ms later', async () => {
  const { clock, runs, records, start } = createRuns();
  const { probe, cuts } = fakeProbe({ ignoresCut: true });
  const run = start(probe);
  runs.cut(run);
  runs.cut(run);
  await clock.advance(49);
  runs.endOverdue(clock.monotonicMs());
  expect([cuts(), records.length]).toEqual([1, 0]);
  await clock.advance(1);
  runs.endOverdue(clock.monotonicMs());
  expect(records[0]?.verdict).toMatchObject({ kind: 'fail', reason: 'deadline' });
});

test('a deadline that hfmd missed because it was paused says for how long', () => {
  const { clock, runs, records, start } = createRuns();
  start(fakeProbe().probe);
  clock.stall(2000);
  runs.endOverdue(clock.monotonicMs());
  expect(records[0]?.verdict).toMatchObject({ kind: 'inconclusive', reason: 'stalled' });
  expect(records[0]?.verdict.detail).toMatch(
    /^no answer in time, but this host was busy: hfmd was paused for (19[89]\d|2000) ms of it$/,
  );
});

test('once stopped, a probe that starts is cut at once', async () => {
  const { runs, records, start } = createRuns();
  start(fakeProbe().probe);
  await runs.stop();
  start(fakeProbe().probe);
  expect(records.map(({ verdict }) => verdict)).toEqual([TIMEOUT, TIMEOUT]);
});

test('stop waits for a probe that ignores its cut, however often it is called', async () => {
  const { clock, runs, start } = createRuns();
  const { probe, answer } = fakeProbe({ ignoresCut: true });
  start(probe);
  let stopped = 0;
  for (let i = 0; i < 2; i++) void runs.stop().then(() => (stopped += 1));
  await clock.advance(10);
  expect(stopped).toBe(0);
  answer(TIMEOUT);
  await clock.advance(0);
  expect(stopped).toBe(2);
});
