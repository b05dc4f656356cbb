import { describe, expect, test } from 'vitest';
import { allUp, LONG_MS, TWO } from './two-backends.ts';
import { FAIL, PASS } from './wiring.ts';

describe('announcements', () => {
  test('are made once for each change of health, over restarts too', async () => {
    const { clock, probe, announcements, restart } = await allUp();
    expect(announcements.map(({ backend, to }) => [backend, to])).toEqual([
      ['lb1', 'up'],
      ['lb2', 'up'],
    ]);
    for (let i = 0; i < 5; i++) probe('lb1', FAIL);
    await clock.advance(10);
    expect(announcements).toHaveLength(3);
    const after = await restart(TWO);
    after.probe('lb1', FAIL);
    after.probe('lb2', PASS);
    await after.clock.advance(LONG_MS);
    expect(after.announcements).toEqual([]);
    for (let i = 0; i < 2; i++) after.probe('lb1', PASS);
    expect(after.announcements).toMatchObject([{ backend: 'lb1', from: 'down', to: 'up' }]);
  });

  test('a change while hfmd was stopped is announced with the last announced health as its old one', async () => {
    const { restart } = await allUp();
    const after = await restart(TWO);
    for (let i = 0; i < 3; i++) after.probe('lb1', FAIL);
    expect(after.announcements).toMatchObject([
      { backend: 'lb1', from: 'up', to: 'down', reason: 'connect-refused' },
    ]);
  });
});
