import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import { backendName } from '../../src/core/names.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';
import { FAIL, PASS, wire } from './wiring.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const ASKS: Verdict = { kind: 'pass', detail: '404, asks to be drained', asksDrain: true };
const TWO = config(
  [pool('web', { floor: { kind: 'count', count: 1 } })],
  [backend('lb1', { web: A }), backend('lb2', { web: B })],
);

async function allUp(configuration: Config, entries: readonly string[]) {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', entries);
  const wiring = await wire(configuration, { clock, pf });
  for (const { name } of configuration.backends) wiring.probe(name, PASS);
  await clock.advance(1000);
  return wiring;
}

const bothUp = () => allUp(TWO, [A, B]);

describe('a backend that asks to be drained', () => {
  test('leaves at once, stays up, and comes back with the next plain pass', async () => {
    const { clock, view, pf, probe, announcements } = await bothUp();
    const before = announcements.length;
    probe('lb1', ASKS);
    await clock.advance(100);
    expect(pf.entries('web')).toEqual([B]);
    expect(view.backends.get(backendName('lb1'))?.health).toBe('up');
    probe('lb1', PASS);
    await clock.advance(100);
    expect(pf.entries('web')).toEqual([A, B]);
    expect(announcements).toHaveLength(before);
  });

  test('leaves together with the next one that asks in the same batch', async () => {
    const three = config(
      [pool('web')],
      [backend('lb1', { web: A }), backend('lb2', { web: B }), backend('lb3', { web: '10.0.0.3' })],
    );
    const { clock, pf, probe } = await allUp(three, [A, B, '10.0.0.3']);
    const before = pf.calls.length;
    probe('lb1', ASKS);
    await clock.advance(1);
    probe('lb2', ASKS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual(['10.0.0.3']);
    const operations = pf.calls.slice(before).map(({ operation }) => operation);
    expect(operations).toEqual(['show', 'remove', 'show']);
  });

  test('goes on asking through single failures, and is down after fall failures', async () => {
    const { clock, view, pf, probe } = await bothUp();
    probe('lb1', ASKS);
    probe('lb1', FAIL);
    await clock.advance(100);
    expect(pf.entries('web')).toEqual([B]);
    probe('lb1', FAIL);
    probe('lb1', FAIL);
    expect(view.backends.get(backendName('lb1'))?.health).toBe('down');
  });

  test('is held by the floor rather than a member that goes down in the same batch', async () => {
    const { clock, events, pf, probe } = await bothUp();
    probe('lb1', ASKS);
    for (let i = 0; i < 3; i++) probe('lb2', FAIL);
    probe('lb1', ASKS);
    await clock.advance(100);
    expect(pf.entries('web')).toEqual([A]);
    expect(events.of('held')).toHaveLength(1);
  });

  test('is held by the floor when all ask at once', async () => {
    const { clock, pf, probe } = await bothUp();
    probe('lb1', ASKS);
    probe('lb2', ASKS);
    await clock.advance(100);
    expect(pf.entries('web')).toHaveLength(1);
  });
});
