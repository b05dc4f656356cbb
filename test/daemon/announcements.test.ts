import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { backend, check, config, pool } from '../fakes/config.ts';
import { A, allUp, B, LONG_MS, TWO } from './two-backends.ts';
import { FAIL, PASS, wire } from './wiring.ts';

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

  test('of a reload are made again by the next hfmd, if this one is killed before their actions run', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hfm-announcements-'));
    onTestFinished(() => rmSync(folder, { recursive: true }));
    const stateFile = join(folder, 'state.json');
    const { clock, pf, reload, announcements } = await wire(TWO, { stateFile });
    const down = { checks: [check({ mode: 'down' })] };
    const next = config(
      [pool('web')],
      [backend('lb1', { web: A }, down), backend('lb2', { web: B })],
    );
    reload(next);
    expect(announcements).toMatchObject([{ backend: 'lb1', to: 'down' }]);
    const saved = readFileSync(stateFile);
    await clock.advance(3000);
    expect(JSON.parse(readFileSync(stateFile, 'utf8')).announced).toEqual({ lb1: 'down' });
    writeFileSync(stateFile, saved);
    const after = await wire(next, { clock, pf, stateFile });
    expect(after.announcements).toMatchObject([{ backend: 'lb1', to: 'down' }]);
  });
});
