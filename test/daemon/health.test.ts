import { describe, expect, test } from 'vitest';
import { backend, check, config, pool } from '../fakes/config.ts';
import { A, allUp, B, C, LONG_MS, started } from './two-backends.ts';
import { FAIL, INCONCLUSIVE, PASS } from './wiring.ts';

describe('health moves the tables', () => {
  test('inconclusive verdicts take no backend out, however many', async () => {
    const { clock, pf, probe } = await allUp();
    for (let i = 0; i < 50; i++) probe('lb1', INCONCLUSIVE);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('third consecutive failure takes out (fall = 3), second consecutive pass puts in (rise = 2)', async () => {
    const { clock, pf, probe } = await allUp();
    for (const verdict of [FAIL, FAIL, PASS, FAIL, FAIL]) probe('lb1', verdict);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    probe('lb1', FAIL);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    for (const verdict of [PASS, FAIL, PASS]) probe('lb1', verdict);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
    probe('lb1', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('all the pools of a backend move in the same batch', async () => {
    const both = config(
      [pool('web'), pool('mail')],
      [backend('lb1', { web: A, mail: [C, 'fd00::3'] }), backend('lb2', { web: B })],
    );
    const { clock, pf, probe } = await allUp(both, { web: [A, B], mail: [C, 'fd00::3'] });
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(5);
    expect(pf.entries('web')).toEqual([B]);
    expect(pf.entries('mail')).toEqual([]);
  });

  test('all changes of one batch are one change of the table', async () => {
    const names = Array.from({ length: 50 }, (_, i) => i);
    const many = config(
      [pool('web')],
      [backend('spare', { web: B }), ...names.map((i) => backend(`n${i}`, { web: `10.1.0.${i}` }))],
    );
    const { clock, pf, probe } = await allUp(many, { web: [] });
    const before = pf.calls.length;
    for (let round = 0; round < 3; round++) for (const i of names) probe(`n${i}`, FAIL);
    await clock.advance(20);
    expect(pf.entries('web')).toEqual([B]);
    const operations = pf.calls.slice(before).map(({ operation }) => operation);
    expect(operations).toEqual(['show', 'remove', 'show']);
  });

  test('a backend that comes up as the other goes down takes its place, and no fallback does', async () => {
    const pair = config(
      [pool('web', { fallback: [C] })],
      [backend('a', { web: A }), backend('b', { web: B })],
    );
    const { clock, pf, probe } = await allUp(pair, { web: [A, B] });
    for (let i = 0; i < 3; i++) probe('b', FAIL);
    await clock.advance(1000);
    const before = pf.calls.length;
    for (let i = 0; i < 3; i++) probe('a', FAIL);
    await clock.advance(1);
    for (let i = 0; i < 2; i++) probe('b', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    const operations = pf.calls.slice(before).map(({ operation }) => operation);
    expect(operations.filter((one) => one !== 'show')).toEqual(['add', 'remove']);
  });

  test('require = "all": one check that is down suffices; "any": one that is up does', async () => {
    const checks = [check({ name: 'a' }), check({ name: 'b' })];
    const strict = config(
      [pool('web')],
      [
        backend('all', { web: A }, { checks }),
        backend('any', { web: B }, { checks, require: 'any' }),
      ],
    );
    const { clock, pf, probe } = await allUp(strict, { web: [A, B] });
    for (const name of ['all', 'any']) for (let i = 0; i < 3; i++) probe(name, FAIL, 'b');
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
    for (let i = 0; i < 3; i++) probe('any', FAIL, 'a');
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([]);
  });
});

describe('mode', () => {
  const modes = (mode: 'check' | 'off' | 'down' | 'up') =>
    config(
      [pool('web')],
      [backend('lb1', { web: A }, { checks: [check({ mode })] }), backend('lb2', { web: B })],
    );

  test('"up" and "down" need no probe', async () => {
    const up = await started(modes('up'), { web: [B] });
    await up.clock.advance(LONG_MS);
    expect(up.pf.entries('web')).toEqual([A, B]);
    const down = await started(modes('down'), { web: [A, B] });
    await down.clock.advance(LONG_MS);
    expect(down.pf.entries('web')).toEqual([B]);
    expect(down.announcements).toEqual([
      { backend: 'lb1', from: 'unknown', to: 'down', reason: null, detail: 'by configuration' },
    ]);
  });

  test.each([[[A, B]], [[B]]])('"off" leaves a table that holds %j as it is', async (entries) => {
    const { clock, pf } = await started(modes('off'), { web: entries });
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual(entries);
  });

  test('from "off" to "check" by a reload leaves serving backends in service', async () => {
    const { clock, pf, reload } = await allUp(modes('off'), { web: [A, B] });
    reload(modes('check'));
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('from "check" to "off" by a reload does not put back what is out', async () => {
    const { clock, pf, probe, reload } = await allUp(modes('check'));
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(10);
    reload(modes('off'));
    pf.put('web', [A, B]);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
  });
});
