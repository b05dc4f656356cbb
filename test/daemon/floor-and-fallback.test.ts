import { describe, expect, test } from 'vitest';
import { backend, config, pool } from '../fakes/config.ts';
import { A, allUp, B, LONG_MS, started } from './two-backends.ts';
import { FAIL, PASS } from './wiring.ts';

describe('the floor and the fallback', () => {
  test('the last known good member is held, an event says so, and it leaves when another recovers', async () => {
    const floored = config(
      [pool('web', { floor: { kind: 'count', count: 1 } })],
      [backend('lb1', { web: A }), backend('lb2', { web: B })],
    );
    const { clock, pf, probe, events } = await allUp(floored);
    probe('lb1', PASS);
    await clock.advance(1);
    probe('lb2', PASS);
    await clock.advance(1);
    for (let i = 0; i < 3; i++) for (const name of ['lb2', 'lb1']) probe(name, FAIL);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    expect(events.of('held')).toEqual([
      { kind: 'held', pool: 'web', backend: 'lb2', addresses: [B] },
    ]);
    for (let i = 0; i < 2; i++) probe('lb1', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A]);
    expect(events.of('held').at(-1)).toMatchObject({ backend: 'lb2', addresses: [] });
  });

  test('the fallback is in before the last member leaves, and out after the first is back', async () => {
    const sorry = '10.0.0.99';
    const fallen = config([pool('web', { fallback: [sorry] })], [backend('lb1', { web: A })]);
    const { clock, pf, probe, events } = await allUp(fallen, { web: [A] });
    const seen: (readonly string[])[] = [];
    pf.onChange((_, __, after) => seen.push(after));
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(10);
    for (let i = 0; i < 2; i++) probe('lb1', PASS);
    await clock.advance(10);
    expect(seen).toEqual([[A, sorry], [sorry], [sorry, A], [A]]);
    expect(events.of('fallback').map(({ inUse }) => inUse)).toEqual([true, false]);
  });

  test('a restart before the last member has left leaves the fallback in until a member has passed', async () => {
    const sorry = '10.0.0.99';
    const fallen = config([pool('web', { fallback: [sorry] })], [backend('lb1', { web: A })]);
    const { clock, pf, probe } = await started(fallen, { web: [A, sorry] });
    await clock.advance(500);
    expect(pf.entries('web')).toEqual([A, sorry]);
    probe('lb1', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A]);
  });

  test('a restart while the fallback serves leaves it in', async () => {
    const sorry = '10.0.0.99';
    const fallen = config([pool('web', { fallback: [sorry] })], [backend('lb1', { web: A })]);
    const { clock, pf } = await started(fallen, { web: [sorry] });
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([sorry]);
  });
});
