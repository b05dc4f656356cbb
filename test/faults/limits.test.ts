import { expect, test } from 'vitest';
import { FAIL, PASS, wire } from '../daemon/wiring.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';

const A = '10.1.0.1';
const B = '10.1.0.2';

test('a delete based on an old reading may leave less than the floor, until the next reading', async () => {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [A, B]);
  const floor = { kind: 'count', count: 1 } as const;
  const { probe } = await wire(
    config([pool('web', { floor })], [backend('a', { web: A }), backend('b', { web: B })]),
    { clock, pf },
  );
  probe('a', PASS);
  probe('b', PASS);
  await clock.advance(3000);
  const held: (readonly string[])[] = [];
  pf.onChange((_, __, after) => void held.push(after));

  pf.put('web', [A]);
  for (let i = 0; i < 3; i++) probe('a', FAIL);
  await clock.advance(2);
  expect(held).toEqual([[], [B]]);
  expect(pf.calls.slice(-4).map(({ operation }) => operation)).toEqual([
    'remove',
    'show',
    'add',
    'show',
  ]);
});
