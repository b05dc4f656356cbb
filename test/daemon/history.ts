import { expect } from 'vitest';
import type { BackendConfig, Config, PoolConfig } from '../../src/config/config.ts';
import { addressesOf } from '../../src/config/pool-addresses.ts';
import { familyOf } from '../../src/core/address.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import { overrideOf } from '../../src/core/override.ts';
import type { FakeClock } from '../fakes/clock.ts';
import { address, backend, check, config, pool } from '../fakes/config.ts';
import type { FakePf, Fault, PfOperation } from '../fakes/pf.ts';
import { FAIL, INCONCLUSIVE, PASS, type Wiring, wire } from './wiring.ts';

/** Longer than the first round of evidence, a resync and a backoff together. */
const CALM_MS = 40_000;
export const NAMES = ['n0', 'n1', 'n2', 'n3'] as const;
export const TABLES = ['web', 'mail'] as const;
const FOREIGN: Readonly<Record<string, readonly string[]>> = {
  web: ['192.0.2.1', '192.0.2.0/28'],
  mail: ['2001:db8::1', '!198.51.100.4'],
};
export const RESYNC_MS = 5000;
/** Of all operations that are slow and not hung. */
export const SLOWEST_MS = 6000;
const RISE = 2;
const FALL = 3;

/** What a backend puts into a table; the same in every configuration. */
function addressesIn(table: string, name: string): readonly string[] {
  const host = (NAMES as readonly string[]).indexOf(name) + 1;
  return table === 'web' ? [`10.1.0.${host}`, `fd00:1::${host}`] : [`10.2.0.${host}`];
}

export interface Shape {
  /** Which pool names stand for which table; a table without one is not configured. */
  readonly pools: Readonly<Record<(typeof TABLES)[number], string | null>>;
  readonly floors: Readonly<Record<(typeof TABLES)[number], number>>;
  readonly fallback: boolean;
  readonly members: readonly {
    readonly name: string;
    readonly web: boolean;
    readonly mail: boolean;
    readonly mode: 'check' | 'off' | 'up' | 'down';
  }[];
}

const FALLBACK = '10.1.0.99';

export function configOf(shape: Shape): Config {
  const pools: PoolConfig[] = TABLES.flatMap((table) => {
    const name = shape.pools[table];
    if (name === null) return [];
    const fallback = shape.fallback && table === 'web' ? [FALLBACK] : [];
    const floor = { kind: 'count', count: shape.floors[table] } as const;
    return [pool(name, { table, floor, fallback })];
  });
  const backends: BackendConfig[] = shape.members.map(({ name, mode, ...tables }) => {
    const memberships = TABLES.flatMap((table) => {
      const one = shape.pools[table];
      return one !== null && tables[table] ? [[one, addressesIn(table, name)] as const] : [];
    });
    const checks = [check({ mode, rise: RISE, fall: FALL })];
    return backend(name, Object.fromEntries(memberships), { checks });
  });
  return config(pools, backends, { resyncMs: RESYNC_MS });
}

export type Step =
  | { readonly kind: 'verdicts'; readonly name: string; readonly verdicts: readonly VerdictKind[] }
  | { readonly kind: 'override'; readonly name: string; readonly state: OverrideState }
  | { readonly kind: 'reload'; readonly shape: Shape }
  | { readonly kind: 'restart' }
  | {
      readonly kind: 'fault';
      readonly operation: PfOperation | 'all';
      readonly fault: Fault | null;
    }
  | { readonly kind: 'release' }
  | { readonly kind: 'drift'; readonly table: string; readonly kept: number }
  | { readonly kind: 'drop'; readonly table: string }
  | { readonly kind: 'wait'; readonly ms: number };

export type VerdictKind = 'pass' | 'fail' | 'inconclusive';

type OverrideState = 'ready' | 'drain' | 'maint' | 'force-up';

/** What follows from the verdicts alone, counted apart from the code under test. */
interface Evidence {
  /** Consecutive ones, by backend. */
  readonly passes: Map<string, number>;
  readonly failures: Map<string, number>;
  /** `table backend` of each member that may leave, and why: health, or an override or a configuration. */
  readonly mayLeave: Map<string, 'health' | 'decision'>;
}

export class History {
  readonly #clock: FakeClock;
  readonly #pf: FakePf;
  #running: Wiring | null = null;
  #config: Config;
  readonly #evidence: Evidence = {
    passes: new Map(),
    failures: new Map(),
    mayLeave: new Map(),
  };
  readonly problems: string[] = [];
  /** Tables that another program changed and hfmd may not have read since: it deletes by what it last read. */
  readonly #drifted = new Set<string>();
  /** Tables that were destroyed, with what was foreign in them. */
  readonly #destroyed = new Set<string>();
  /** `table address` of all that was ever configured: what hfm may take out again. */
  readonly #own = new Set<string>();

  constructor(clock: FakeClock, pf: FakePf, first: Config) {
    this.#clock = clock;
    this.#pf = pf;
    this.#config = first;
    this.#know(first);
    for (const name of NAMES) if (this.#isOutByDecision(name)) this.#allow(name, 'decision');
    pf.onChange((table, before, after) => this.#watch(table, before, after));
  }

  /** Starts hfmd over tables that hold those of hfm's possible addresses whose bits are set. */
  async start(bits: readonly number[]): Promise<void> {
    for (const [i, table] of TABLES.entries()) {
      const own = NAMES.flatMap((name) => addressesIn(table, name));
      const held = own.filter((_, j) => ((bits[i] ?? 0) >> j) & 1);
      this.#pf.put(table, [...held, ...(FOREIGN[table] ?? [])]);
    }
    this.#running = await wire(this.#config, { clock: this.#clock, pf: this.#pf });
  }

  async play(one: Step): Promise<void> {
    const { pf, clock } = this.#wiring;
    switch (one.kind) {
      case 'verdicts':
        for (const verdict of one.verdicts) this.#verdict(one.name, verdict);
        return;
      case 'override':
        return this.#override(one.name, one.state);
      case 'reload':
        this.#allowChanged(configOf(one.shape));
        this.#config = configOf(one.shape);
        this.#know(this.#config);
        return this.#wiring.reload(this.#config);
      case 'restart': {
        // Hanging operations must end, or the old process would never end.
        pf.fault('all', null);
        pf.release();
        await clock.advance(SLOWEST_MS);
        for (const name of NAMES) this.#forbid(name);
        this.#running = await this.#wiring.restart(this.#config);
        this.#evidence.failures.clear();
        this.#evidence.passes.clear();
        return;
      }
      case 'fault':
        return pf.fault(one.operation, one.fault);
      case 'release':
        return pf.release();
      case 'drift': {
        const held = pf.entries(one.table);
        if (held === null) return;
        const foreign = FOREIGN[one.table] ?? [];
        this.#drifted.add(one.table);
        pf.put(one.table, [...held.filter((_, i) => (one.kept >> i) & 1), ...foreign]);
        return;
      }
      case 'drop':
        this.#drifted.add(one.table);
        this.#destroyed.add(one.table);
        return pf.drop(one.table);
      case 'wait':
        await clock.advance(one.ms);
        if (one.ms > RESYNC_MS && pf.isCalm) this.#drifted.clear();
        for (const [name, passes] of this.#evidence.passes) {
          // Long enough for what was decided to have reached the tables.
          if (passes >= RISE && one.ms > 100 && pf.isCalm) this.#forbid(name);
        }
        return;
    }
  }

  /** The faults stop; tables that were destroyed are made again. */
  async endFaults(): Promise<void> {
    const { pf, clock } = this.#wiring;
    pf.fault('all', null);
    pf.release();
    for (const table of TABLES) if (pf.entries(table) === null) pf.put(table, FOREIGN[table] ?? []);
    await clock.advance(CALM_MS);
  }

  /** What is wrong with a table after that. */
  verify(): void {
    const { pf, view, tables } = this.#wiring;
    for (const table of TABLES) {
      const holds = pf.entries(table) ?? [];
      const one = [...view.pools.values()].find((p) => p.config.table === table);
      const expected = new Set<string>(one?.outcome?.desired ?? []);
      const untouched: ReadonlySet<string> = one?.outcome?.untouched ?? new Set();
      // What left the configuration stays in a family in which too few others serve.
      const kept = new Set<string>(one === undefined ? [] : tables.keptIn(one.config));
      for (const entry of kept) {
        expect(one?.outcome?.short, `<${table}>`).toContain(entry.includes(':') ? 'inet6' : 'inet');
      }
      const own = holds.filter(
        (entry) => this.#own.has(`${table} ${entry}`) && !untouched.has(entry) && !kept.has(entry),
      );
      expect(new Set(own), `<${table}>`).toEqual(expected);
      const foreign = this.#destroyed.has(table) ? [] : (FOREIGN[table] ?? []);
      for (const entry of foreign) expect(holds, `<${table}>`).toContain(entry);
      if (one === undefined) continue;
      expect(tables.viewOf(one.config), `<${table}>`).toMatchObject({
        inSync: true,
        error: null,
      });
    }
    expect(tables.retired).toEqual([]);
    expect(pf.mostAtOnce).toBeLessThanOrEqual(1);
  }

  #verdict(name: string, verdict: VerdictKind): void {
    const { view, probe } = this.#wiring;
    const live = view.backends.get(backendName(name));
    // The scheduler does not probe these.
    if (live === undefined || live.checks.some(({ config: one }) => one.mode !== 'check')) return;
    const overrides = live.config.memberships.map(({ pool: one }) =>
      overrideOf(view.overrides, { backend: live.config.name, pool: one }),
    );
    if (overrides.length > 0 ? overrides.every((o) => o?.state === 'maint') : false) return;
    const { passes, failures } = this.#evidence;
    const count = (counts: Map<string, number>): void =>
      void counts.set(name, (counts.get(name) ?? 0) + 1);
    if (verdict !== 'inconclusive') (verdict === 'pass' ? failures : passes).set(name, 0);
    if (verdict === 'pass') count(passes);
    if (verdict === 'fail') count(failures);
    if ((failures.get(name) ?? 0) >= FALL) this.#allow(name, 'health');
    if (verdict === 'pass') probe(name, PASS);
    else probe(name, verdict === 'fail' ? FAIL : INCONCLUSIVE);
  }

  #override(text: string, state: OverrideState): void {
    const { view, setOverride } = this.#wiring;
    const [one, name = one] = text.split('/');
    const live = view.backends.get(backendName(name ?? ''));
    if (live === undefined) return;
    const isMember = live.config.memberships.some(({ pool: p }) => p === poolName(one ?? ''));
    if (text.includes('/') && !isMember) return;
    // Each override may move the backend; maint also forgets its health.
    this.#allow(live.config.name, 'decision');
    this.#evidence.passes.set(live.config.name, 0);
    setOverride(state, text);
  }

  /** A configuration may take out what it does not name any more, and what it declares down. */
  #allowChanged(next: Config): void {
    const membershipsOf = ({ backends }: Config, name: string): string =>
      JSON.stringify(backends.find((one) => one.name === name)?.memberships);
    const modeOf = ({ backends }: Config, name: string): string | undefined =>
      backends.find((one) => one.name === name)?.checks[0]?.mode;
    for (const name of NAMES) {
      const isMoved = membershipsOf(this.#config, name) !== membershipsOf(next, name);
      const wasFixed = modeOf(this.#config, name) !== modeOf(next, name);
      if (!isMoved && !wasFixed) continue;
      if (modeOf(next, name) !== 'check' || isMoved) this.#allow(name, 'decision');
      this.#evidence.passes.set(name, 0);
    }
  }

  /** An override stays the reason when failures come on top of it. */
  #allow(name: string, by: 'health' | 'decision'): void {
    const { mayLeave } = this.#evidence;
    for (const table of TABLES) {
      const key = `${table} ${name}`;
      if (by === 'decision' || !mayLeave.has(key)) mayLeave.set(key, by);
    }
  }

  /** From now on it may leave by new evidence only, where it is a member and no override holds it out. */
  #forbid(name: string): void {
    if (this.#isOutByDecision(name)) return;
    const member = this.#config.backends.find((one) => one.name === name);
    for (const { pool: one } of member?.memberships ?? []) {
      const table = this.#config.pools.find((each) => each.name === one)?.table;
      this.#evidence.mayLeave.delete(`${table} ${name}`);
    }
  }

  #isOutByDecision(name: string): boolean {
    const member = this.#config.backends.find((one) => one.name === name);
    if (member === undefined || member.checks[0]?.mode !== 'check') return true;
    const overridden = [...(this.#running?.view.overrides.keys() ?? [])];
    return overridden.some((key) => key === name || key.endsWith(`/${name}`));
  }

  get #wiring(): Wiring {
    if (this.#running === null) throw new Error('the history has not started');
    return this.#running;
  }

  #know(one: Config): void {
    for (const each of one.pools) {
      for (const own of addressesOf(one, each)) this.#own.add(`${each.table} ${own}`);
    }
  }

  #watch(table: string, before: readonly string[], after: readonly string[]): void {
    const removed = before.filter((entry) => !after.includes(entry));
    for (const entry of removed) {
      if (!this.#own.has(`${table} ${entry}`))
        this.problems.push(`${entry}, not hfm's, left ${table}`);
      const name = NAMES.find((one) => addressesIn(table, one).includes(entry));
      if (name !== undefined && !this.#evidence.mayLeave.has(`${table} ${name}`)) {
        this.problems.push(
          `${name} left ${table} after ${this.#evidence.failures.get(name) ?? 0} failures`,
        );
      }
    }
    this.#watchFloor(table, removed, after);
  }

  /** Health alone may not take a table below its floor: what leaves then must have another reason. */
  #watchFloor(table: string, removed: readonly string[], after: readonly string[]): void {
    const one = this.#config.pools.find((each) => each.table === table);
    if (one === undefined || one.floor.kind !== 'count' || this.#drifted.has(table)) return;
    const { name, floor } = one;
    const members = this.#config.backends
      .flatMap(({ memberships }) => memberships)
      .filter((member) => member.pool === name)
      .flatMap(({ addresses }) => addresses);
    for (const entry of removed) {
      const owner = NAMES.find((n) => addressesIn(table, n).includes(entry));
      const byHealth = this.#evidence.mayLeave.get(`${table} ${owner}`) === 'health';
      if (owner === undefined || !byHealth) continue;
      const family = familyOf(address(entry));
      const configured = members.filter((a) => familyOf(a) === family).length;
      const foreign = FOREIGN[table] ?? [];
      const left = after.filter(
        (a) => !foreign.includes(a) && familyOf(address(a)) === family,
      ).length;
      if (left < Math.min(floor.count, configured)) {
        this.problems.push(
          `${owner} left ${table}, where ${left} of a floor of ${floor.count} stay`,
        );
      }
    }
  }
}
