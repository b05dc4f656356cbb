import { describe, expect, test } from 'vitest';
import { backendName } from '../../src/core/names.ts';
import { breachesOf } from '../../src/state/breaches.ts';
import { backend, config, pool } from '../fakes/config.ts';
import { A, allUp, B, C, LONG_MS, TWO } from './two-backends.ts';
import { FAIL, PASS, scopeOf } from './wiring.ts';

describe('an override', () => {
  test('takes effect at once and outranks health', async () => {
    const { clock, pf, setOverride, probe } = await allUp();
    setOverride('drain', 'lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([B]);
    for (let i = 0; i < 3; i++) probe('lb1', FAIL);
    setOverride('force-up', 'lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('drain goes on counting, so that ready puts back at once', async () => {
    const { clock, pf, setOverride, probe } = await allUp();
    setOverride('drain', 'lb1');
    for (let i = 0; i < 5; i++) probe('lb1', PASS);
    setOverride('ready', 'lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('after maint a backend must rise again', async () => {
    const { clock, pf, setOverride, probe, updates, view } = await allUp();
    setOverride('maint', 'lb1');
    expect(updates()).toBe(1);
    expect(view.backends.get(backendName('lb1'))?.health).toBe('unknown');
    setOverride('ready', 'lb1');
    expect(updates()).toBe(2);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
    probe('lb1', PASS);
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B]);
    probe('lb1', PASS);
    await clock.advance(10);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('given for one membership it moves that one alone', async () => {
    const both = config([pool('web'), pool('mail')], [backend('lb1', { web: A, mail: C })]);
    const { clock, pf, setOverride } = await allUp(both, { web: [A], mail: [C] });
    setOverride('drain', 'web/lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([]);
    expect(pf.entries('mail')).toEqual([C]);
  });

  test('expires by itself', async () => {
    const { clock, pf, setOverride, expire, events } = await allUp();
    setOverride('drain', 'lb1', { untilMs: clock.wallMs() + 60_000 });
    await clock.advance(59_999);
    expire();
    expect(pf.entries('web')).toEqual([B]);
    await clock.advance(1);
    expire();
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A, B]);
    expect(events.of('admin').at(-1)).toMatchObject({
      name: 'lb1',
      from: 'drain',
      to: 'ready',
      reason: 'its time is over',
    });
  });

  test.for([3_600_000, -3_600_000])(
    'keeps its time when the wall clock is stepped by %i ms, over a restart too',
    async (stepMs) => {
      const { clock, setOverride, expire, saves, restart } = await allUp();
      setOverride('drain', 'lb1', { untilMs: clock.wallMs() + 60_000 });
      await clock.advance(30_000);
      clock.stepWall(stepMs);
      const before = saves();
      expire();
      expect(saves()).toBe(before + 1);
      setOverride('drain', 'lb2', { untilMs: clock.wallMs() + 60_000 });
      const next = await restart(TWO);
      await clock.advance(29_999);
      next.expire();
      expect([...next.view.overrides.keys()]).toEqual(['lb1', 'lb2']);
      await clock.advance(1);
      next.expire();
      expect([...next.view.overrides.keys()]).toEqual(['lb2']);
    },
  );

  test('outlives a restart', async () => {
    const { setOverride, restart } = await allUp();
    setOverride('drain', 'lb1');
    const after = await restart(TWO);
    await after.clock.advance(LONG_MS);
    for (let i = 0; i < 5; i++) after.probe('lb1', PASS);
    await after.clock.advance(LONG_MS);
    expect(after.pf.entries('web')).toEqual([B]);
    expect(after.view.overrides.get('lb1')).toMatchObject({
      state: 'drain',
      by: 'anna',
    });
  });

  test('ready for a backend ends the overrides of its memberships', async () => {
    const { clock, pf, setOverride } = await allUp();
    setOverride('drain', 'web/lb1');
    setOverride('ready', 'lb1');
    await clock.advance(0);
    expect(pf.entries('web')).toEqual([A, B]);
  });

  test('draining one while pf refuses the member that would replace it is a breach, and is done by force', async () => {
    const two = config(
      [pool('web', { floor: { kind: 'count', count: 2 } })],
      [backend('lb1', { web: A }), backend('lb2', { web: B }), backend('lb3', { web: C })],
    );
    const drain = { state: 'drain', by: null, reason: null, sinceMs: 0, untilMs: null } as const;
    const { clock, pf, view, setOverride } = await allUp(two, { web: [A, B, `!${C}`] });
    expect(breachesOf(view, [scopeOf('lb1')], drain, 0)).toEqual([
      { pool: 'web', family: 'inet', left: 1, floor: 2 },
    ]);
    setOverride('drain', 'lb1');
    await clock.advance(LONG_MS);
    expect(pf.entries('web')).toEqual([B, `!${C}`]);
  });
});
