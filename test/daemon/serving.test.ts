import { expect, test } from 'vitest';
import { poolName } from '../../src/core/names.ts';
import { servingOf } from '../../src/daemon/serving.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';
import { wire } from './wiring.ts';

const A = '10.1.0.1';

async function serving(besides: string | null, unread?: string) {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [A]);
  pf.put('mail', [A]);
  if (unread !== undefined) pf.fault('show', { kind: 'error', error: 'hung' }, unread);
  const off = { checks: [check({ mode: 'off' })] };
  const members = [backend('a', { web: A }), backend('b', { mail: A }, off)];
  const wiring = await wire(config([pool('mail'), pool('web')], members), { clock, pf });
  const found = servingOf(wiring.controller.live, A, besides === null ? null : poolName(besides));
  return found === null ? null : [found.pool.name, found.how];
}

test('the pool that wants the address comes before one whose table merely has it', async () => {
  expect(await serving(null)).toEqual(['web', 'wanted']);
});

test('an address in the table serves, though its backend is off', async () => {
  expect(await serving('web')).toEqual(['mail', 'held']);
});

test('an address of a table that was not read yet may serve', async () => {
  expect(await serving('web', 'mail')).toEqual(['mail', 'unread']);
});
