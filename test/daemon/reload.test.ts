import { describe, expect, test } from 'vitest';
import { backendName } from '../../src/core/names.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { A, allUp, B, C, FOREIGN, LONG_MS, started, TWO } from './two-backends.ts';
import { FAIL, PASS } from './wiring.ts';

describe('a reload', () => {
  test('keeps health, streaks and tables', async () => {
    const { clock, pf, probe, reload, view } = await allUp();
    probe('lb1', FAIL);
    probe('lb1', FAIL);
    reload(TWO);
    expect(view.backends.get(backendName('lb1'))).toMatchObject({
      health: 'up',
      checks: [{ streak: { health: 'up', failures: 2 } }],
    });
    probe('lb1', FAIL);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('that gives a backend another address keeps it in service until it has a verdict', async () => {
    const { clock, pf, probe, reload, view } = await allUp();
    const moved = backend('lb1', { web: A }, { address: '10.9.9.8' });
    reload(config([pool('web')], [moved, backend('lb2', { web: B })]));
    expect(view.backends.get(backendName('lb1'))?.health).toBe('unknown');
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B]);
  });

  test('that removes a backend takes it out of the table', async () => {
    const { clock, pf, reload } = await allUp(TWO, { web: [A, B, FOREIGN] });
    reload(config([pool('web')], [backend('lb2', { web: B })]));
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([B, FOREIGN]);
  });

  test('that adds a backend puts it in once it has risen', async () => {
    const { clock, pf, probe, reload } = await allUp();
    reload(config([pool('web')], [...TWO.backends, backend('lb3', { web: C })]));
    probe('lb3', PASS);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B]);
    probe('lb3', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A, B, C]);
  });

  test('that names a foreign address as a member adopts it', async () => {
    const { clock, pf, reload } = await allUp(TWO, { web: [A, B, C] });
    reload(config([pool('web')], [...TWO.backends, backend('lb3', { web: C })]));
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([A, B, C]);
  });

  test('that renames a pool on the same table moves nothing', async () => {
    const { clock, pf, reload } = await allUp();
    let changes = 0;
    pf.onChange(() => {
      changes += 1;
    });
    const renamed = TWO.backends.map(({ name }, i) => backend(name, { www: i === 0 ? A : B }));
    reload(config([pool('www', { table: 'web' })], renamed));
    await clock.advance(LONG_MS);
    expect(changes).toBe(0);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('that swaps the tables of two pools loses no backend', async () => {
    const both = (one: string, other: string) =>
      config(
        [pool('web', { table: one }), pool('mail', { table: other })],
        [backend('lb1', { web: A }), backend('lb2', { mail: B })],
      );
    const { clock, pf, reload } = await allUp(both('t1', 't2'), { t1: [A], t2: [B] });
    reload(both('t2', 't1'));
    await clock.advance(LONG_MS);
    expect(pf.entries('t1')).toEqual([B]);
    expect(pf.entries('t2')).toEqual([A]);
  });

  const moves = [
    config(
      [pool('web'), pool('mail')],
      [backend('lb1', { web: A }), backend('lb2', { web: B, mail: B })],
    ),
    config(
      [pool('web'), pool('mail')],
      [backend('lb1', { mail: A }), backend('lb2', { web: B, mail: B })],
    ),
  ] as const;

  test('that moves an up backend to another pool has it in one of the tables at any moment', async () => {
    const { clock, pf, reload } = await allUp(moves[0], { web: [A, B], mail: [B] });
    const gaps: string[] = [];
    pf.onChange((table) => {
      const held = [...(pf.entries('web') ?? []), ...(pf.entries('mail') ?? [])];
      if (!held.includes(A)) gaps.push(table);
    });
    reload(moves[1]);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
    expect(pf.entries('mail')).toEqual([A, B]);
    expect(gaps).toEqual([]);
  });

  describe('that takes a backend from one pool', () => {
    const pools = [pool('web'), pool('mail')];
    const lb2 = backend('lb2', { web: B });
    const moved = config(pools, [backend('lb1', { mail: A }), lb2, backend('lb3', { mail: C })]);

    test('to another takes it out once a reading shows it there, whatever else is wrong with that table', async () => {
      const first = config(pools, [backend('lb1', { web: A }), lb2, backend('lb3', { mail: C })]);
      const { clock, pf, reload } = await allUp(first, { web: [A, B], mail: [`!${C}`] });
      reload(moved);
      await clock.advance(LONG_MS);
      expect(pf.entries('mail')).toEqual([A, `!${C}`]);
      expect(pf.entries('web')).toEqual([B]);
    });

    test('and leaves it in another, takes it out though that table is in error', async () => {
      const both = config(pools, [backend('lb1', { web: A, mail: A }), lb2]);
      const { clock, pf, reload } = await allUp(both, { web: [A, B] });
      reload(config(pools, [backend('lb1', { mail: A }), lb2]));
      await clock.advance(LONG_MS);
      expect(pf.entries('web')).toEqual([B]);
    });

    test('to another that is in error leaves it in, over another reload too, until that error ends', async () => {
      const first = config(pools, [backend('lb1', { web: A }), lb2]);
      const { clock, pf, reload } = await allUp(first, { web: [A, B] });
      reload(moved);
      await clock.advance(LONG_MS);
      reload(config(pools, [backend('lb1', { mail: A }), lb2]));
      await clock.advance(LONG_MS);
      expect(pf.entries('web')).toEqual([A, B]);
      pf.put('mail', []);
      await clock.advance(LONG_MS);
      expect(pf.entries('mail')).toEqual([A]);
      expect(pf.entries('web')).toEqual([B]);
    });
  });

  test('that moves a serving backend without a verdict to another pool keeps it in service', async () => {
    const { clock, pf, reload } = await started(moves[0], { web: [A, B], mail: [B] });
    reload(moves[1]);
    await clock.advance(LONG_MS);
    expect(pf.entries('mail')).toEqual([A, B]);
  });
});
