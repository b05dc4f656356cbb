import { describe, expect, test } from 'vitest';
import { FAIL, INCONCLUSIVE, PASS, type Wiring, wire } from '../daemon/wiring.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';

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
  test('nobody leaves because it is down while others are not judged', async () => {
    const wiring = await started();
    fails(wiring, 'a');
    wiring.probe('b', PASS);
    await wiring.clock.advance(ROUND_MS - 100);
    expect(wiring.pf.entries('web')).toEqual([A, B, C]);
  });

  test('the round ends when all are judged', async () => {
    const wiring = await started();
    fails(wiring, 'a');
    wiring.probe('b', PASS);
    wiring.probe('c', PASS);
    await wiring.clock.advance(10);
    expect(wiring.pf.entries('web')).toEqual([B, C]);
  });

  test('the round ends by itself, also when one is never judged', async () => {
    const wiring = await started();
    fails(wiring, 'a');
    wiring.probe('b', PASS);
    wiring.probe('c', INCONCLUSIVE);
    await wiring.clock.advance(ROUND_MS + 10);
    expect(wiring.pf.entries('web')).toEqual([B, C]);
  });

  test('a slow check keeps the dead ones in for no more than 15 s', async () => {
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

  test('nobody leaves because it asks to, while others are not judged', async () => {
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

  test('the operator is not kept waiting', async () => {
    const wiring = await started();
    wiring.say('drain', 'a');
    await wiring.clock.advance(10);
    expect(wiring.pf.entries('web')).toEqual([B, C]);
  });

  test('nobody is kept from coming in', async () => {
    const wiring = await started();
    wiring.pf.put('web', [B, C]);
    const next = await wiring.restart(CONFIG);
    for (let i = 0; i < 2; i++) next.probe('a', PASS);
    await next.clock.advance(10);
    expect(next.pf.entries('web')).toEqual([A, B, C]);
  });
});

test('a removal after the round does not wait for one that is not judged', async () => {
  const wiring = await started();
  await wiring.clock.advance(ROUND_MS + 10);
  fails(wiring, 'a');
  await wiring.clock.advance(10);
  expect(wiring.pf.entries('web')).toEqual([B, C]);
});

test('a pool that a reload brings has a round of its own', async () => {
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

test('a floor that a reload brings during the round holds who is down and still in the table', async () => {
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
