import type { Config } from '../../src/config/config.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import type { Override } from '../../src/core/override.ts';
import type { Verdict } from '../../src/core/verdict.ts';
import { type Effects, NO_EFFECTS } from '../../src/state/effects.ts';
import { type DurableState, State } from '../../src/state/state.ts';
import { PASS, scopeOf } from '../daemon/wiring.ts';
import { createFakeClock, type FakeClock } from '../fakes/clock.ts';
import { backend, config, pool } from '../fakes/config.ts';

export const A = '10.0.0.1';
export const B = '10.0.0.2';
export const C = '10.0.0.3';
export const FOREIGN = '192.0.2.7';
/** Longer than any first round of evidence. */
export const ROUND_MS = 20_000;

export const TWO = config([pool('web')], [backend('lb1', { web: A }), backend('lb2', { web: B })]);

/** Nothing outlived a restart. */
export const NOTHING: DurableState = { overrides: new Map(), announced: new Map() };

export const DRAIN: Override = {
  state: 'drain',
  by: 'anna',
  reason: 'a test',
  sinceMs: 0,
  untilMs: null,
};
export const MAINT: Override = { ...DRAIN, state: 'maint' };

type Tables = Readonly<Record<string, readonly string[]>>;

/** A state alone, on a clock that the test moves. */
export interface StateBench {
  readonly clock: FakeClock;
  readonly state: State;
  /** Tells the state what a pool's table holds. */
  read(pool: string, entries: readonly string[] | null, removed?: readonly string[]): Effects;
  /** Counts so many verdicts of the check `tcp`; returns the effects of the last. */
  probe(backend: string, verdict: Verdict, times?: number): Effects;
  /** Sets the override of `lb1` or `web/lb1`; null is `ready`. */
  override(scope: string, override: Override | null): Effects;
}

/** A state that has read these tables. */
export function readTables(
  configuration: Config = TWO,
  tables: Tables = { web: [A, B] },
  durable: DurableState = NOTHING,
): StateBench {
  const clock = createFakeClock();
  const state = State.atStart(clock, configuration, durable);
  const bench: StateBench = {
    clock,
    state,
    read: (name, entries, removed = []) =>
      state.tableRead(poolName(name), { entries, asked: new Set(), removed }),
    probe(name, verdict, times = 1) {
      let effects = NO_EFFECTS;
      for (let i = 0; i < times; i++) {
        const record = { verdict, durationMs: 1, atMs: clock.wallMs() };
        effects = state.record(backendName(name), 'tcp', record);
      }
      return effects;
    },
    override: (scope, override) =>
      state.override([scopeOf(scope)], override, override?.by ?? 'anna'),
  };
  for (const [name, entries] of Object.entries(tables)) bench.read(name, entries);
  return bench;
}

/** The same, once every backend is up and every first round is over. */
export function allUp(configuration: Config = TWO, tables?: Tables): StateBench {
  const bench = readTables(configuration, tables);
  for (const { name } of configuration.backends) bench.probe(name, PASS, 2);
  bench.clock.stall(ROUND_MS);
  bench.state.decide(configuration.pools.map(({ name }) => name));
  return bench;
}

/** What a pool's table must hold, by these effects; null where they have no goal for it. */
export function goalIn(effects: Effects, name = 'web'): readonly string[] | null {
  const goal = effects.goals.get(poolName(name));
  return goal === undefined ? null : [...goal.desired];
}
