import { describe, expect, test } from 'vitest';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';
import { FAIL, INCONCLUSIVE, PASS, type Wiring, wire } from './wiring.ts';

const A = '10.1.0.1';
const B = '10.1.0.2';
const C = '10.1.0.3';
/** interval 1000, 2 times the timeout of 500, and its own 500. */
const ROUND_MS = 2500;

const CONFIG = config(
  [pool('web')],
  [backend('a', { web: A }), backend('b', { web: B }), backend('c', { web: C })],
);

async function started(one = CONFIG): Promise<Wiring> {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [A, B, C]);
  return wire(one, { clock, pf });
}

function fails(wiring: Wiring, name: string, times = 3): void {
  for (let i = 0; i < times; i++) wiring.probe(name, FAIL);
}

describe('after a start', () => {
  test('no member leaves because it is down while others have no verdict', async () => {
    const wiring = await started();
    fails(wiring, 'a');
    wiring.probe('b', PASS);
    await wiring.clock.advance(ROUND_MS - 100);
    expect(wiring.pf.entries('web')).toEqual([A, B, C]);
  });

  test('the round ends when all have a verdict', async () => {
    const wiring = await started();
    fails(wiring, 'a');
    wiring.probe('b', PASS);
    wiring.probe('c', PASS);
    await wiring.clock.advance(10);
    expect(wiring.pf.entries('web')).toEqual([B, C]);
  });

  test('the round ends by itself, also when a member never gets a verdict', async () => {
    const wiring = await started();
    fails(wiring, 'a');
    wiring.probe('b', PASS);
    wiring.probe('c', INCONCLUSIVE);
    await wiring.clock.advance(ROUND_MS + 10);
    expect(wiring.pf.entries('web')).toEqual([B, C]);
  });

  test('a slow check keeps dead members in for no more than 15 s', async () => {
    const slow = {
      intervalMs: 60_000,
      fastIntervalMs: 60_000,
      downIntervalMs: 60_000,
      timeoutMs: 500,
    };
    const wiring = await started(
      config(
        [pool('web')],
        [backend('a', { web: A }), backend('b', { web: B }, { checks: [check({ rhythm: slow })] })],
      ),
    );
    fails(wiring, 'a');
    await wiring.clock.advance(14_900);
    expect(wiring.pf.entries('web')).toContain(A);
    await wiring.clock.advance(200);
    expect(wiring.pf.entries('web')).not.toContain(A);
  });

  test('no member leaves because it asks to, while others have no verdict', async () => {
    const floor = { kind: 'count', count: 1 } as const;
    const wiring = await started(
      config([pool('web', { floor })], [backend('a', { web: A }), backend('b', { web: B })]),
    );
    wiring.probe('a', { kind: 'pass', detail: 'drain', asksDrain: true });
    await wiring.clock.advance(500);
    expect(wiring.pf.entries('web')).toContain(A);
    fails(wiring, 'b');
    await wiring.clock.advance(ROUND_MS);
    expect(wiring.pf.entries('web')).toEqual([A, C]);
  });

  test('an override does not wait for the round', async () => {
    const wiring = await started();
    wiring.setOverride('drain', 'a');
    await wiring.clock.advance(10);
    expect(wiring.pf.entries('web')).toEqual([B, C]);
  });

  test('a member that comes up does not wait for the round', async () => {
    const wiring = await started();
    wiring.pf.put('web', [B, C]);
    const next = await wiring.restart(CONFIG);
    for (let i = 0; i < 2; i++) next.probe('a', PASS);
    await next.clock.advance(10);
    expect(next.pf.entries('web')).toEqual([A, B, C]);
  });
});

describe('with two members', () => {
  async function startedTwo(clock = createFakeClock()): Promise<Wiring> {
    const pf = createFakePf(clock);
    pf.put('web', [A, B]);
    const members = [backend('lb1', { web: A }), backend('lb2', { web: B })];
    return wire(config([pool('web')], members), { clock, pf });
  }

  test('no member leaves while another has no verdict, for one bounded round', async () => {
    const { clock, pf, probe } = await startedTwo();
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(1000);
    expect(pf.entries('web')).toEqual([A, B]);
    probe('lb2', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
  });

  test.each([0, 0.1, 0.9])(
    'a member that never gets a verdict holds the others for 15 s at most, with timers %s ms early',
    async (earlyMs) => {
      const clock = createFakeClock({ earlyMs });
      const { pf, probe } = await startedTwo(clock);
      for (let i = 0; i < 3; i++) probe('lb1', FAIL);
      await clock.advance(15_010);
      expect(pf.entries('web')).toEqual([B]);
    },
  );
});

test('a removal after the round does not wait for a member without a verdict', async () => {
  const wiring = await started();
  await wiring.clock.advance(ROUND_MS + 10);
  fails(wiring, 'a');
  await wiring.clock.advance(10);
  expect(wiring.pf.entries('web')).toEqual([B, C]);
});

test('a pool that a reload adds has a round of its own', async () => {
  const wiring = await started();
  await wiring.clock.advance(ROUND_MS + 10);
  fails(wiring, 'a');
  await wiring.clock.advance(10);
  wiring.pf.put('mail', [A, B]);
  wiring.reload(
    config(
      [pool('web'), pool('mail')],
      [
        backend('a', { web: A, mail: A }),
        backend('b', { web: B, mail: B }),
        backend('c', { web: C }),
      ],
    ),
  );
  await wiring.clock.advance(ROUND_MS - 100);
  expect(wiring.pf.entries('mail')).toEqual([A, B]);
  await wiring.clock.advance(200);
  expect(wiring.pf.entries('mail')).toEqual([B]);
});

test('a floor that a reload sets during the round holds a dead member that is still in the table', async () => {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [A]);
  const a = backend('a', { web: A });
  const wiring = await wire(config([pool('web')], [a]), { clock, pf });
  pf.fault('all', { kind: 'error', error: 'permission' });
  fails(wiring, 'a');
  await clock.advance(200);
  const floor = { kind: 'count', count: 1 } as const;
  wiring.reload(config([pool('web', { floor })], [a, backend('b', { web: B })]));
  pf.fault('all', null);
  await clock.advance(30_000);
  expect(pf.entries('web')).toEqual([A]);
});

test('a pool renamed during its round still ends it', async () => {
  const wiring = await started();
  fails(wiring, 'a');
  wiring.reload(
    config(
      [pool('www', { table: 'web' })],
      [backend('a', { www: A }), backend('b', { www: B }), backend('c', { www: C })],
    ),
  );
  await wiring.clock.advance(ROUND_MS - 100);
  expect(wiring.pf.entries('web')).toEqual([A, B, C]);
  await wiring.clock.advance(200);
  expect(wiring.pf.entries('web')).toEqual([B, C]);
});
