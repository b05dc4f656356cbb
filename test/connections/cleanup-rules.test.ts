import { describe, expect, test } from 'vitest';
import type { PoolConfig } from '../../src/config/config.ts';
import {
  cleanupTasks,
  isOut,
  mayEndStates,
  releaseOf,
} from '../../src/connections/cleanup-rules.ts';
import type { CleanupTask } from '../../src/connections/cleanup-task.ts';
import { poolName } from '../../src/core/names.ts';
import { NOTHING_SAVED } from '../../src/store/state-file.ts';
import { FAIL, PASS, type Wiring, wire } from '../daemon/wiring.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config, type PoolOptions, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';

const A = '10.1.0.1';
const B = '10.1.0.2';

async function wired(how: Partial<PoolConfig> = {}, mail: readonly string[] = []): Promise<Wiring> {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  pf.put('web', [A, B]);
  pf.put('mail', mail);
  const pools = [
    { ...pool('web'), killSources: 'auto', killStates: 'down', ...how } as const,
    { ...pool('mail'), killSources: 'never' } as const,
  ];
  const members = [
    backend('a', mail.length > 0 ? { web: A, mail: [...mail] } : { web: A }, {
      checks: [check({ fall: 1, rise: 1 })],
    }),
    backend('b', { web: B }, { checks: [check({ fall: 1, rise: 1 })] }),
  ];
  const wiring = await wire(config(pools, members), { clock, pf });
  wiring.probe('a', PASS);
  wiring.probe('b', PASS);
  await clock.advance(100);
  return wiring;
}

const WEB = poolName('web');

function taskFor({ view }: Wiring, address = A): CleanupTask | undefined {
  return cleanupTasks(view, WEB, [address])[0];
}

describe('states are to be ended', () => {
  test.for([
    ['down', 'down', true],
    ['down', 'maint', false],
    ['down', 'drain', false],
    ['maint', 'down', false],
    ['maint', 'maint', true],
    ['maint', 'drain', false],
    ['never', 'down', false],
    ['never', 'maint', false],
  ] as const)(
    'with kill_states = %s when it leaves by %s: %s',
    async ([killStates, by, expected]) => {
      const wiring = await wired({ killStates });
      if (by === 'down') wiring.probe('a', FAIL);
      else wiring.setOverride(by, 'a');
      await wiring.clock.advance(100);
      expect(wiring.pf.entries('web')).toEqual([B]);
      expect(taskFor(wiring)?.endStates).toBe(expected);
    },
  );

  test('not where its backend is not configured', async () => {
    expect(taskFor(await wired(), '192.0.2.9')?.endStates).toBe(false);
  });
});

describe('states may be ended', () => {
  const FAST = { checks: [check({ fall: 1, rise: 1 })] };
  const B_WEB = backend('b', { web: B }, FAST);

  function mayEnd(wiring: Wiring): ReturnType<typeof mayEndStates> | undefined {
    const task = taskFor(wiring);
    return task && mayEndStates(wiring.view, task);
  }

  /** A pool that ends states, and one that has no part in that. */
  function pools(killStates: PoolConfig['killStates'], mail: PoolOptions = {}): PoolConfig[] {
    return [{ ...pool('web'), killStates }, pool('mail', mail)];
  }

  async function down(wiring: Wiring): Promise<void> {
    wiring.probe('a', FAIL);
    await wiring.clock.advance(100);
    expect(wiring.pf.entries('web')).toEqual([B]);
  }

  test('when others serve and it serves nowhere', async () => {
    const wiring = await wired();
    await down(wiring);
    expect(mayEnd(wiring)).toBe('yes');
  });

  test('not while it serves in another pool', async () => {
    const wiring = await wired({ killStates: 'maint' }, [A]);
    wiring.setOverride('maint', 'web/a');
    await wiring.clock.advance(100);
    expect(taskFor(wiring)?.endStates).toBe(true);
    expect(mayEnd(wiring)).toBe('no');
  });

  test('not when no other member serves', async () => {
    const wiring = await wired();
    wiring.setOverride('drain', 'b');
    wiring.probe('a', FAIL);
    await wiring.clock.advance(100);
    expect(wiring.pf.entries('web')).toEqual([]);
    expect(mayEnd(wiring)).toBe('no');
  });

  test('not when only members of the other address family serve', async () => {
    const clock = createFakeClock();
    const pf = createFakePf(clock);
    pf.put('web', [A, 'fd00::2']);
    const members = [backend('a', { web: A }, FAST), backend('b', { web: 'fd00::2' }, FAST)];
    const wiring = await wire(config(pools('down'), members), { clock, pf });
    for (const name of ['a', 'b']) wiring.probe(name, PASS);
    await clock.advance(100);
    wiring.probe('a', FAIL);
    await clock.advance(100);
    expect(pf.entries('web')).toEqual(['fd00::2']);
    expect(mayEnd(wiring)).toBe('no');
  });

  test('not once a reload has set never', async () => {
    const wiring = await wired();
    await down(wiring);
    const task = taskFor(wiring);
    const { backends } = wiring.view.config;
    wiring.reload(config(pools('never'), backends));
    expect(task && mayEndStates(wiring.view, task)).toBe('no');
  });

  test('only once it is known that no other pool has it', async () => {
    const clock = createFakeClock();
    const pf = createFakePf(clock);
    pf.put('web', [B]);
    pf.put('mail', [B]);
    pf.fault('show', { kind: 'error', error: 'hung' }, 'mail');
    const maint = { state: 'maint', by: null, reason: null, sinceMs: 0, untilMs: null } as const;
    const wiring = await wire(
      config(pools('maint'), [backend('a', { web: A, mail: A }), backend('b', { web: B })]),
      { clock, pf, saved: { ...NOTHING_SAVED, overrides: new Map([['a', maint]]) } },
    );
    expect(taskFor(wiring)?.endStates).toBe(true);
    expect(mayEnd(wiring)).toBe('not-yet');
    pf.fault('show', null, 'mail');
    await clock.advance(5000);
    expect(mayEnd(wiring)).toBe('yes');
  });

  test('not while the table of another pool has it through a backend whose checks are off', async () => {
    const clock = createFakeClock();
    const pf = createFakePf(clock);
    pf.put('web', [A, B]);
    pf.put('mail', [A]);
    const off = backend('a-mail', { mail: A }, { checks: [check({ mode: 'off' })] });
    const members = [backend('a', { web: A }, FAST), B_WEB, off];
    const wiring = await wire(config(pools('down'), members), { clock, pf });
    for (const name of ['a', 'b']) wiring.probe(name, PASS);
    await clock.advance(100);
    await down(wiring);
    expect(pf.entries('mail')).toEqual([A]);
    expect(mayEnd(wiring)).toBe('not-yet');
  });

  test('not while another pool keeps it because too few others serve there', async () => {
    const clock = createFakeClock();
    const pf = createFakePf(clock);
    pf.put('web', [A, B]);
    pf.put('mail', [A]);
    const both = pools('down', { floor: { kind: 'count', count: 1 } });
    const wiring = await wire(config(both, [backend('a', { web: A, mail: A }, FAST), B_WEB]), {
      clock,
      pf,
    });
    for (const name of ['a', 'b']) wiring.probe(name, PASS);
    await clock.advance(100);
    const next = [backend('a', { web: A }, FAST), B_WEB, backend('c', { mail: '10.1.0.3' }, FAST)];
    wiring.reload(config(both, next));
    await clock.advance(10_000);
    expect(pf.entries('mail')).toEqual([A]);
    await down(wiring);
    expect(mayEnd(wiring)).toBe('not-yet');
  });
});

describe('sticky clients', () => {
  test('are to be released as the pool says', async () => {
    expect(taskFor(await wired())?.sources).toBe('auto');
    expect(taskFor(await wired({ killSources: 'never' }))?.sources).toBe('never');
  });

  function release(wiring: Wiring): ReturnType<typeof releaseOf> | undefined {
    const task = taskFor(wiring);
    return task && releaseOf(wiring.view, task);
  }

  test('are all to be released once the address serves nowhere', async () => {
    const wiring = await wired();
    wiring.setOverride('drain', 'a');
    await wiring.clock.advance(100);
    expect(release(wiring)).toBe('all');
  });

  test('are to be released once while the address serves in another pool', async () => {
    const wiring = await wired({}, [A]);
    wiring.setOverride('drain', 'web/a');
    await wiring.clock.advance(100);
    expect(wiring.pf.entries('mail')).toEqual([A]);
    expect(release(wiring)).toBe('once');
  });

  test('are left alone once a reload has set never', async () => {
    const wiring = await wired();
    const task = taskFor(wiring);
    const { pools, backends } = wiring.view.config;
    wiring.reload(
      config(
        pools.map((one) => ({ ...one, killSources: 'never' })),
        backends,
      ),
    );
    expect(task && releaseOf(wiring.view, task)).toBe('none');
  });

  test('of a retired table are left alone where no pool wants them released', async () => {
    const wiring = await wired({ killSources: 'never' });
    expect(cleanupTasks(wiring.view, null, [A])).toMatchObject([{ sources: 'never' }]);
    const other = await wired();
    expect(cleanupTasks(other.view, null, [A])).toMatchObject([{ sources: 'auto' }]);
  });
});

test('an address is out until it is wanted again; of a retired table, until any pool wants it', async () => {
  const wiring = await wired();
  const { view } = wiring;
  const ofWeb: CleanupTask = { pool: WEB, address: A, sources: 'auto', endStates: false };
  const retired: CleanupTask = { ...ofWeb, pool: null };
  expect([isOut(view, ofWeb), isOut(view, retired)]).toEqual([false, false]);
  wiring.setOverride('drain', 'a');
  await wiring.clock.advance(10);
  expect([isOut(view, ofWeb), isOut(view, retired)]).toEqual([true, true]);
});

test('of a pool of 20 000 all may leave at once', async () => {
  const address = (i: number): string => `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`;
  const all = Array.from({ length: 20_000 }, (_, i) => address(i));
  const clock = createFakeClock();
  const members = all.map((one, i) => backend(`b${i}`, { web: one }));
  const pools = [{ ...pool('web'), killStates: 'down' } as const];
  const { view } = await wire(config(pools, members), { clock, pf: createFakePf(clock) });
  const beganMs = performance.now();
  expect(cleanupTasks(view, WEB, all)).toHaveLength(all.length);
  // A search for each address took minutes. This takes some milliseconds, and longer on a busy machine.
  expect(performance.now() - beganMs).toBeLessThan(3000);
});
