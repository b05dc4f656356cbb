import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Config } from '../../src/config/config.ts';
import type { TableChange } from '../../src/core/table-plan.ts';
import { planReload } from '../../src/daemon/reload-plan.ts';
import { isProbed } from '../../src/state/backend.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config, pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';
import { addressesIn, configOf, FOREIGN, NAMES, shapes, TABLES } from '../faults/shape.ts';
import { FAIL, PASS, scopeOf, type Wiring, wire } from './wiring.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
/** Long enough for every first round of evidence, backoff and resync, and not due with any. */
const LONG_MS = 31_234;
const OFF = { checks: [check({ mode: 'off' })] };
const FLOOR = { floor: { kind: 'count', count: 1 } } as const;

type Tables = Readonly<Record<string, readonly string[]>>;

async function started(configuration: Config, tables: Tables): Promise<Wiring> {
  const clock = createFakeClock();
  const pf = createFakePf(clock);
  for (const [table, entries] of Object.entries(tables)) pf.put(table, entries);
  return wire(configuration, { clock, pf });
}

async function allUp(configuration: Config, tables: Tables): Promise<Wiring> {
  const wiring = await started(configuration, tables);
  for (const { name } of configuration.backends) {
    for (let i = 0; i < 2; i++) wiring.probe(name, PASS);
  }
  await wiring.clock.advance(LONG_MS);
  return wiring;
}

/** What the plan shows, and what the reload then asks of pf, an operation a line. */
async function compare({ clock, pf, rooms, tables, reload }: Wiring, next: Config) {
  const plans = await planReload({ driver: pf, state: rooms.state, tables }, next);
  const planned = plans.flatMap(({ table, change }) => {
    if (change.kind === 'none') return [];
    if (change.kind === 'replace') return [line(table, 'replace', change.entries)];
    return [line(table, 'add', change.add), line(table, 'remove', change.remove)];
  });
  const before = pf.calls.length;
  reload(next);
  await clock.advance(1000);
  // A member that leaves by itself does not wait for what moves from the same table: two deletes.
  const asked = new Map<string, string[]>();
  for (const { table, operation, entries } of pf.calls.slice(before)) {
    const key = `${table} ${operation}`;
    if (operation !== 'show') asked.set(key, [...(asked.get(key) ?? []), ...entries]);
  }
  const made = [...asked].map(([key, entries]) => `${key} ${entries.toSorted().join(' ')}`);
  const wrong = plans.filter(({ table, change }) => !isMade(pf.entries(table) ?? [], change));
  return { planned: planned.filter((one) => one !== '').toSorted(), made: made.toSorted(), wrong };
}

function isMade(entries: readonly string[], change: TableChange): boolean {
  if (change.kind === 'none') return true;
  if (change.kind === 'replace')
    return entries.toSorted().join() === change.entries.toSorted().join();
  const isIn = (entry: string): boolean => entries.includes(entry);
  return change.add.every(isIn) && !change.remove.some(isIn);
}

function line(table: string, operation: string, entries: readonly string[]): string {
  return entries.length === 0 ? '' : `${table} ${operation} ${entries.toSorted().join(' ')}`;
}

describe('a plan is what the reload makes', () => {
  const idle = config([], [backend('x', {})]);

  test.each([
    ['a fallback', { fallback: [C] }],
    ['exclusive', { ...FLOOR, exclusive: true }],
  ])('of a new pool with a member with mode = "off" that serves, and %s', async (_, options) => {
    const next = config([pool('web', options)], [backend('a', { web: A }, OFF)]);
    const { planned, made } = await compare(await allUp(idle, { web: [A, '192.0.2.7'] }), next);
    expect(planned).toEqual(made);
  });

  test('that lets go of a table in which something was kept', async () => {
    const web = pool('web', FLOOR);
    const wiring = await allUp(config([web], [backend('a', { web: A })]), { web: [A], mail: [] });
    wiring.reload(config([web, pool('mail')], [backend('b', { web: B })]));
    await wiring.clock.advance(LONG_MS);
    expect(wiring.pf.entries('web')).toEqual([A]);
    const { planned, made } = await compare(
      wiring,
      config([pool('mail')], [backend('c', { mail: C })]),
    );
    expect(planned).toEqual(['web remove 10.0.0.1']);
    expect(planned).toEqual(made);
  });

  test('of an address that moves to a table that is not there', async () => {
    const pools = [pool('web'), pool('mail')];
    const b = backend('b', { web: B });
    const wiring = await allUp(config(pools, [backend('a', { web: A }), b]), { web: [A, B] });
    const { planned, made } = await compare(wiring, config(pools, [backend('a', { mail: A }), b]));
    expect(planned).toEqual(made);
    expect(wiring.pf.entries('web')).toEqual([A, B]);
  });

  test('of an exclusive pool, which is one replace', async () => {
    const web = pool('web', { exclusive: true });
    const a = backend('a', { web: A });
    const wiring = await allUp(config([web], [a, backend('b', { web: B })]), { web: [A, B] });
    const up = backend('c', { web: C }, { checks: [check({ mode: 'up' })] });
    const { planned, made } = await compare(wiring, config([web], [a, up]));
    expect(made).toEqual(['web replace 10.0.0.1 10.0.0.3']);
    expect(planned).toEqual(made);
  });

  const acts = fc.array(
    fc.oneof(
      fc.record({
        kind: fc.constantFrom('pass', 'fail'),
        name: fc.constantFrom(...NAMES),
        times: fc.integer({ min: 1, max: 3 }),
      }),
      fc.record({
        kind: fc.constantFrom('drain', 'maint', 'ready', 'force-up'),
        name: fc.constantFrom(...NAMES, 'web/n0', 'mail/n1'),
      }),
      fc.record({ kind: fc.constant('reload'), shape: shapes }),
    ),
    { maxLength: 15 },
  );
  type Act = (typeof acts extends fc.Arbitrary<infer T> ? T : never) extends readonly (infer O)[]
    ? O
    : never;

  async function perform(wiring: Wiring, act: Act): Promise<void> {
    if ('shape' in act) {
      wiring.reload(configOf(act.shape, 5000));
      await wiring.clock.advance(3000);
      return;
    }
    const { view } = wiring;
    const scope = scopeOf(act.name);
    const one = view.backends.get(scope.backend);
    if (one === undefined) return;
    if ('times' in act) {
      if (one.config.checks[0]?.mode !== 'check' || !isProbed(view, one)) return;
      const verdict = act.kind === 'pass' ? PASS : FAIL;
      for (let i = 0; i < act.times; i++) wiring.probe(act.name, verdict);
    } else {
      const isKnown = one.config.memberships.some(({ pool: name }) => name === scope.pool);
      if (scope.pool === null || isKnown) wiring.setOverride(act.kind as 'drain', act.name);
    }
    await wiring.clock.advance(200);
  }

  test('whatever came before', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, shapes, fc.nat(), acts, async (first, next, held, before) => {
        const tables = TABLES.map((table) => {
          const own = NAMES.flatMap((name) => addressesIn(table, name));
          return [table, [...own.filter((_, i) => (held >> i) & 1), ...FOREIGN[table]]] as const;
        });
        const wiring = await started(configOf(first, 5000), Object.fromEntries(tables));
        for (const act of before) await perform(wiring, act);
        await wiring.clock.advance(LONG_MS);
        const { planned, made, wrong } = await compare(wiring, configOf(next, 5000));
        await wiring.tables.stop();
        expect(wrong).toEqual([]);
        // What moves from an exclusive table to another makes a second replace once it is there.
        if (!next.exclusive.web && !next.exclusive.mail) expect(made).toEqual(planned);
      }),
      { numRuns: 300 },
    );
  });
});
