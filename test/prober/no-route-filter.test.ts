import { describe, expect, test } from 'vitest';
import { backendName } from '../../src/core/names.ts';
import { fail, type Verdict } from '../../src/core/verdict.ts';
import { createNoRouteFilter } from '../../src/prober/no-route-filter.ts';
import { FAIL, INCONCLUSIVE, PASS } from '../daemon/wiring.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';

const NO_ROUTE = fail('no-route', 'EHOSTUNREACH');

function createFilter(clock: FakeClock, ...names: string[]) {
  const noRoute = createNoRouteFilter(clock);
  const keep = (...kept: string[]): void =>
    noRoute.keep(new Map(kept.map((name) => [backendName(name), new Set(['tcp', 'http'])])));
  keep(...names);
  return {
    keep,
    /** What becomes of the verdict of a probe. */
    filter: (name: string, verdict: Verdict, durationMs = 0, check = 'tcp') =>
      noRoute.filter({ backend: backendName(name), check }, verdict, durationMs),
  };
}

describe('one backend alone without a route', () => {
  test('fails, once another was reached since', async () => {
    const clock = createFakeClock();
    const { filter } = createFilter(clock, 'b1', 'b2', 'b3');
    for (const name of ['b1', 'b2', 'b3']) expect(filter(name, PASS)).toBe(PASS);
    await clock.advance(1000);
    expect(filter('b1', NO_ROUTE).kind).toBe('inconclusive');
    await clock.advance(100);
    filter('b2', PASS);
    filter('b3', FAIL);
    await clock.advance(100);
    expect(filter('b1', NO_ROUTE)).toBe(NO_ROUTE);
  });

  test('goes on failing where it is one of two', async () => {
    const clock = createFakeClock();
    const { filter } = createFilter(clock, 'b1', 'b2');
    filter('b1', NO_ROUTE);
    for (let i = 0; i < 3; i++) {
      await clock.advance(500);
      expect(filter('b2', PASS)).toBe(PASS);
      await clock.advance(500);
      expect(filter('b1', NO_ROUTE)).toBe(NO_ROUTE);
    }
  });

  test('fails though another of its checks is answered all the time', async () => {
    const clock = createFakeClock();
    const { filter } = createFilter(clock, 'b1', 'b2', 'b3');
    const kinds: string[] = [];
    for (let i = 0; i < 4; i++) {
      for (const name of ['b1', 'b2', 'b3']) filter(name, PASS, 0, 'http');
      await clock.advance(100);
      kinds.push(filter('b1', NO_ROUTE).kind);
      await clock.advance(100);
    }
    expect(kinds).toEqual(['inconclusive', 'fail', 'fail', 'fail']);
  });

  test('counts as one, however many of its checks find no route', async () => {
    const clock = createFakeClock();
    const { filter } = createFilter(clock, 'b1', 'b2');
    for (const check of ['tcp', 'http']) filter('b1', NO_ROUTE, 0, check);
    await clock.advance(100);
    filter('b2', PASS);
    await clock.advance(100);
    expect(filter('b1', NO_ROUTE)).toBe(NO_ROUTE);
  });

  test('fails at once where there is no other to compare it with', () => {
    const { filter } = createFilter(createFakeClock(), 'b1');
    expect(filter('b1', NO_ROUTE)).toBe(NO_ROUTE);
  });

  test('fails when the others are not probed any more', () => {
    const { filter, keep } = createFilter(createFakeClock(), 'b1', 'b2');
    expect(filter('b1', NO_ROUTE).kind).toBe('inconclusive');
    keep('b1');
    expect(filter('b1', NO_ROUTE)).toBe(NO_ROUTE);
  });
});

describe('most backends without a route', () => {
  test('are inconclusive, with how many they are', async () => {
    const clock = createFakeClock();
    const { filter } = createFilter(clock, 'b1', 'b2', 'b3');
    for (const name of ['b1', 'b2', 'b3']) filter(name, NO_ROUTE);
    await clock.advance(200);
    expect(filter('b1', NO_ROUTE)).toEqual({
      kind: 'inconclusive',
      reason: 'no-route',
      detail: 'EHOSTUNREACH; 3 of 3 have no route',
    });
    filter('b3', PASS);
    await clock.advance(200);
    expect(filter('b2', NO_ROUTE)).toMatchObject({ detail: 'EHOSTUNREACH; 2 of 3 have no route' });
  });

  test('are still most when one that was reached is not probed any more', async () => {
    const clock = createFakeClock();
    const { filter, keep } = createFilter(clock, 'b1', 'b2', 'b3');
    filter('b1', NO_ROUTE);
    await clock.advance(200);
    filter('b2', PASS);
    keep('b1', 'b3');
    await clock.advance(200);
    expect(filter('b1', NO_ROUTE).kind).toBe('inconclusive');
  });
});

test('no backend fails where one check of each has no route, though the other check takes another way', async () => {
  const clock = createFakeClock();
  const names = ['b1', 'b2', 'b3'];
  const { filter } = createFilter(clock, ...names);
  const failed: string[] = [];
  for (let i = 0; i < 10; i++) {
    for (const name of names) filter(name, PASS, 0, 'http');
    await clock.advance(100);
    for (const name of names) if (filter(name, NO_ROUTE).kind === 'fail') failed.push(name);
    await clock.advance(100);
  }
  expect(failed).toEqual([]);
});

test('a network that goes away takes no backend with it, however soon the first is probed again', async () => {
  const clock = createFakeClock();
  const names = ['b1', 'b2', 'b3', 'b4', 'b5'];
  const { filter } = createFilter(clock, ...names);
  for (const name of names) filter(name, PASS);
  await clock.advance(500);
  const failed: string[] = [];
  // The others are probed at their interval of 1 s, b1 at its fast interval of 200 ms.
  for (let ms = 0; ms < 4000; ms += 200) {
    const [b1 = '', ...others] = names;
    if (filter(b1, NO_ROUTE).kind === 'fail') failed.push(b1);
    for (const [i, name] of others.entries()) {
      if (ms % 1000 === i * 200 && filter(name, NO_ROUTE).kind === 'fail') failed.push(name);
    }
    await clock.advance(200);
  }
  expect(failed).toEqual([]);
});

test('a probe that started before the loss says nothing about the route now', async () => {
  const clock = createFakeClock();
  const { filter } = createFilter(clock, 'b1', 'b2', 'b3');
  await clock.advance(1000);
  expect(filter('b1', NO_ROUTE).kind).toBe('inconclusive');
  await clock.advance(5);
  filter('b2', PASS, 20);
  for (let i = 0; i < 3; i++) {
    await clock.advance(200);
    expect(filter('b1', NO_ROUTE).kind).toBe('inconclusive');
  }
});

test('every other verdict passes unchanged', () => {
  const { filter } = createFilter(createFakeClock(), 'b1', 'b2');
  for (const verdict of [PASS, FAIL, INCONCLUSIVE]) expect(filter('b1', verdict)).toBe(verdict);
});
