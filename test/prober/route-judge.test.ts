import { describe, expect, test } from 'vitest';
import { backendName } from '../../src/core/names.ts';
import { fail, type Verdict } from '../../src/core/verdict.ts';
import { createRouteJudge } from '../../src/prober/route-judge.ts';
import { FAIL, INCONCLUSIVE, PASS } from '../daemon/wiring.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';

const NO_ROUTE = fail('no-route', 'EHOSTUNREACH');

function judges(clock: FakeClock, ...names: string[]) {
  const judge = createRouteJudge(clock);
  const keep = (...kept: string[]): void =>
    judge.keep(new Map(kept.map((name) => [backendName(name), new Set(['tcp', 'http'])])));
  keep(...names);
  return {
    keep,
    /** The verdict of a probe that took no time. */
    hear: (name: string, verdict: Verdict, durationMs = 0, check = 'tcp') =>
      judge.judge({ backend: backendName(name), check }, verdict, durationMs),
  };
}

describe('one backend alone without a route', () => {
  test('fails, once another was reached since', async () => {
    const clock = createFakeClock();
    const { hear } = judges(clock, 'b1', 'b2', 'b3');
    for (const name of ['b1', 'b2', 'b3']) expect(hear(name, PASS)).toBe(PASS);
    await clock.advance(1000);
    expect(hear('b1', NO_ROUTE).kind).toBe('inconclusive');
    await clock.advance(100);
    hear('b2', PASS);
    hear('b3', FAIL);
    await clock.advance(100);
    expect(hear('b1', NO_ROUTE)).toBe(NO_ROUTE);
  });

  test('fails on where it is one of two', async () => {
    const clock = createFakeClock();
    const { hear } = judges(clock, 'b1', 'b2');
    hear('b1', NO_ROUTE);
    for (let i = 0; i < 3; i++) {
      await clock.advance(500);
      expect(hear('b2', PASS)).toBe(PASS);
      await clock.advance(500);
      expect(hear('b1', NO_ROUTE)).toBe(NO_ROUTE);
    }
  });

  test('fails though another of its checks is answered all the time', async () => {
    const clock = createFakeClock();
    const { hear } = judges(clock, 'b1', 'b2', 'b3');
    const kinds: string[] = [];
    for (let i = 0; i < 4; i++) {
      for (const name of ['b1', 'b2', 'b3']) hear(name, PASS, 0, 'http');
      await clock.advance(100);
      kinds.push(hear('b1', NO_ROUTE).kind);
      await clock.advance(100);
    }
    expect(kinds).toEqual(['inconclusive', 'fail', 'fail', 'fail']);
  });

  test('is one, however many of its checks find no route', async () => {
    const clock = createFakeClock();
    const { hear } = judges(clock, 'b1', 'b2');
    for (const check of ['tcp', 'http']) hear('b1', NO_ROUTE, 0, check);
    await clock.advance(100);
    hear('b2', PASS);
    await clock.advance(100);
    expect(hear('b1', NO_ROUTE)).toBe(NO_ROUTE);
  });

  test('fails at once where there is no other to compare it with', () => {
    const { hear } = judges(createFakeClock(), 'b1');
    expect(hear('b1', NO_ROUTE)).toBe(NO_ROUTE);
  });

  test('fails when all the others are not probed any more', () => {
    const { hear, keep } = judges(createFakeClock(), 'b1', 'b2');
    expect(hear('b1', NO_ROUTE).kind).toBe('inconclusive');
    keep('b1');
    expect(hear('b1', NO_ROUTE)).toBe(NO_ROUTE);
  });
});

describe('most backends without a route', () => {
  test('are inconclusive, with how many they are', async () => {
    const clock = createFakeClock();
    const { hear } = judges(clock, 'b1', 'b2', 'b3');
    for (const name of ['b1', 'b2', 'b3']) hear(name, NO_ROUTE);
    await clock.advance(200);
    expect(hear('b1', NO_ROUTE)).toEqual({
      kind: 'inconclusive',
      reason: 'no-route',
      detail: 'EHOSTUNREACH; 3 of 3 have no route',
    });
    hear('b3', PASS);
    await clock.advance(200);
    expect(hear('b2', NO_ROUTE)).toMatchObject({ detail: 'EHOSTUNREACH; 2 of 3 have no route' });
  });

  test('are no longer when one that was reached has left', async () => {
    const clock = createFakeClock();
    const { hear, keep } = judges(clock, 'b1', 'b2', 'b3');
    hear('b1', NO_ROUTE);
    await clock.advance(200);
    hear('b2', PASS);
    keep('b1', 'b3');
    await clock.advance(200);
    expect(hear('b1', NO_ROUTE).kind).toBe('inconclusive');
  });
});

test('a way that is gone for one check of each backend takes none, though the other goes another way', async () => {
  const clock = createFakeClock();
  const names = ['b1', 'b2', 'b3'];
  const { hear } = judges(clock, ...names);
  const failed: string[] = [];
  for (let i = 0; i < 10; i++) {
    for (const name of names) hear(name, PASS, 0, 'http');
    await clock.advance(100);
    for (const name of names) if (hear(name, NO_ROUTE).kind === 'fail') failed.push(name);
    await clock.advance(100);
  }
  expect(failed).toEqual([]);
});

test('a network that goes away takes no backend with it, however fast the first is looked at again', async () => {
  const clock = createFakeClock();
  const names = ['b1', 'b2', 'b3', 'b4', 'b5'];
  const { hear } = judges(clock, ...names);
  for (const name of names) hear(name, PASS);
  await clock.advance(500);
  const failed: string[] = [];
  // The others come by at their interval of 1 s; b1 at its fast interval of 200 ms.
  for (let ms = 0; ms < 4000; ms += 200) {
    const [b1 = '', ...others] = names;
    if (hear(b1, NO_ROUTE).kind === 'fail') failed.push(b1);
    for (const [i, name] of others.entries()) {
      if (ms % 1000 === i * 200 && hear(name, NO_ROUTE).kind === 'fail') failed.push(name);
    }
    await clock.advance(200);
  }
  expect(failed).toEqual([]);
});

test('an answer to a probe that was on its way before says nothing about the route now', async () => {
  const clock = createFakeClock();
  const { hear } = judges(clock, 'b1', 'b2', 'b3');
  await clock.advance(1000);
  expect(hear('b1', NO_ROUTE).kind).toBe('inconclusive');
  await clock.advance(5);
  hear('b2', PASS, 20);
  for (let i = 0; i < 3; i++) {
    await clock.advance(200);
    expect(hear('b1', NO_ROUTE).kind).toBe('inconclusive');
  }
});

test('every other verdict stays as it is', () => {
  const { hear } = judges(createFakeClock(), 'b1', 'b2');
  for (const verdict of [PASS, FAIL, INCONCLUSIVE]) expect(hear('b1', verdict)).toBe(verdict);
});
