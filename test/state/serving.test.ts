import { expect, test } from 'vitest';
import type { Address } from '../../src/core/address.ts';
import { poolName } from '../../src/core/names.ts';
import { isShown, servingOf } from '../../src/state/serving.ts';
import type { PoolView } from '../../src/state/view.ts';
import { wire } from '../daemon/wiring.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { addresses, backend, check, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';

const A = '10.1.0.1';
const B = '10.1.0.2';

async function serving(besides: string | null, unread?: string) {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [A]);
  pf.put('mail', [A]);
  if (unread !== undefined) pf.fault('show', { kind: 'error', error: 'hung' }, unread);
  const off = { checks: [check({ mode: 'off' })] };
  const members = [backend('a', { web: A }), backend('b', { mail: A }, off)];
  const wiring = await wire(config([pool('mail'), pool('web')], members), { clock, pf });
  const found = servingOf(wiring.view, A, besides === null ? null : poolName(besides));
  return found === null ? null : [found.pool.name, found.how];
}

test('a pool that wants the address comes before a pool whose table merely has it', async () => {
  expect(await serving(null)).toEqual(['web', 'wanted']);
});

test('an address in the table serves, though its backend is off', async () => {
  expect(await serving('web')).toEqual(['mail', 'held']);
});

test('an address whose add is under way serves, though no pool wants it any more', async () => {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [B]);
  const up = { checks: [check({ mode: 'up' })] };
  const members = [backend('a', { web: A }, up), backend('b', { web: B }, up)];
  const wiring = await wire(config([pool('web')], members), { clock, pf });
  pf.fault('show', { kind: 'slow', ms: 500 });
  wiring.setOverride('drain', 'a');
  await clock.advance(1100);
  wiring.setOverride('ready', 'a');
  await clock.advance(100);
  expect(pf.entries('web')).toEqual([A, B]);
  wiring.setOverride('drain', 'a');
  const { view } = wiring;
  const web = view.pools.get(poolName('web')) as PoolView;
  const [address] = addresses(A) as [Address];
  expect(web.actual).toEqual(new Set([B]));
  expect([servingOf(view, A)?.how, isShown(web, address)]).toEqual(['held', false]);
  await clock.advance(2000);
  expect(pf.entries('web')).toEqual([B]);
  expect([servingOf(view, A), isShown(web, address)]).toEqual([null, true]);
});

test('an address of a table that was not read yet may serve', async () => {
  expect(await serving('web', 'mail')).toEqual(['mail', 'unread']);
});
