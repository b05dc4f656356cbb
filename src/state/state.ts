import type { Config } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import { count, FRESH_STREAK, type Streak } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import {
  expiredKeys,
  type Override,
  type Overrides,
  type Scope,
  withOverrides,
} from '../core/override.ts';
import type { ProbeRecord } from '../core/probe-history.ts';
import { isSameTable, type TableRef } from '../core/table.ts';
import { sameSet } from '../core/table-goal.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { Clock } from '../sys/clock.ts';
import { heldOf, isProbed, poolsOfScopes } from './backend.ts';
import { carryOver, type Now } from './carry-over.ts';
import type { PoolData, StateData } from './data.ts';
import { adopt, decide, firstRoundMs } from './decide.ts';
import { type Effects, EffectsDraft, NO_EFFECTS } from './effects.ts';
import {
  announce,
  announceChange,
  BY_MAINTENANCE,
  BY_MODE,
  causeOf,
  noteAsksDrain,
  updateHealth,
} from './health-change.ts';
import { overrideEvents, WallClockSteps } from './override-times.ts';
import { policyEvents } from './policy-events.ts';
import type { StateView } from './view.ts';

/** The part of the state that outlives a restart. */
export interface DurableState {
  readonly overrides: Overrides;
  readonly announced: ReadonlyMap<string, 'up' | 'down'>;
}

/** What is known of a table, from a reading or from a change under way. */
export interface TableReading {
  /** What it holds; null when it was not read, or could not be. */
  readonly entries: readonly TableEntry[] | null;
  /** What pf was told to put in or take out since it was last read. */
  readonly asked: ReadonlySet<TableEntry>;
  /** What it held before and does not hold any more. */
  readonly removed: readonly TableEntry[];
}

/**
 * The one writer of the state. It does no I/O and holds no timer: each method changes the state and
 * returns what follows from the change.
 */
export class State {
  readonly #clock: Pick<Clock, 'wallMs' | 'monotonicMs'>;
  readonly #data: StateData;
  readonly #wallClockSteps: WallClockSteps;
  readonly #now = (): Now => ({
    wallMs: this.#clock.wallMs(),
    monotonicMs: this.#clock.monotonicMs(),
  });

  private constructor(clock: Pick<Clock, 'wallMs' | 'monotonicMs'>, data: StateData) {
    this.#clock = clock;
    this.#wallClockSteps = new WallClockSteps(clock);
    this.#data = data;
  }

  /** The state at the start of hfmd: nothing is known but what the configuration and the file say. */
  static atStart(
    clock: Pick<Clock, 'wallMs' | 'monotonicMs'>,
    config: Config,
    { overrides, announced }: DurableState,
  ): State {
    const now = { wallMs: clock.wallMs(), monotonicMs: clock.monotonicMs() };
    const data = carryOver(null, config, now);
    data.overrides = overrides;
    for (const backend of data.backends.values()) {
      backend.announced = announced.get(backend.config.name) ?? null;
    }
    return new State(clock, data);
  }

  get view(): StateView {
    return this.#data;
  }

  /** A state that knows the same. A reload of the copy, and what follows it, leaves this one alone. */
  copy(): State {
    return new State(this.#clock, { ...this.#data });
  }

  /** Announces what the configuration alone decides (`mode`). Call it once, at the start. */
  start(): Effects {
    const effects = new EffectsDraft();
    for (const backend of this.#data.backends.values()) {
      if (backend.health !== 'unknown') announce(effects, backend, 'unknown', BY_MODE);
    }
    return effects;
  }

  /** Counts a verdict. Does nothing where its check is not there any more. */
  record(backendName: BackendName, checkName: string, record: ProbeRecord): Effects {
    const backend = this.#data.backends.get(backendName);
    const check = backend?.checks.find(({ config }) => config.name === checkName);
    if (backend === undefined || check === undefined) return NO_EFFECTS;
    check.history.add(record);
    const { rise, fall } = check.config;
    // What the tables hold matters to the first verdict only.
    const held = check.streak.health === 'unknown' ? heldOf(this.#data, backend) : 'neither';
    check.streak = count(check.streak, record.verdict, { rise, fall, held });
    const asked = noteAsksDrain(backend, check, record.verdict);
    const effects = updateHealth(this.#data, this.#now, asked, backend, () =>
      causeOf(check, record),
    );
    if (backend.health === 'up' && record.verdict.kind === 'pass') {
      backend.lastGoodMs = this.#clock.monotonicMs();
    }
    return effects;
  }

  /** How a check stands; null when it is not there any more. */
  streakOf(backendName: BackendName, checkName: string): Streak | null {
    const backend = this.#data.backends.get(backendName);
    return backend?.checks.find(({ config }) => config.name === checkName)?.streak ?? null;
  }

  /**
   * Takes in what is known of a table; `poolName` is null for one that left the configuration. The
   * first reading of a pool's table adopts what it holds.
   */
  tableRead(poolName: PoolName | null, { entries, asked, removed }: TableReading): Effects {
    const pool = poolName === null ? undefined : this.#data.pools.get(poolName);
    const effects = removed.length === 0 ? null : new EffectsDraft();
    effects?.removed.push({ pool: poolName, entries: removed });
    if (pool === undefined) return effects ?? NO_EFFECTS;
    pool.asked = asked;
    if (entries === null) return effects ?? NO_EFFECTS;
    const actual = new Set(entries);
    // An unchanged reading changes no decision.
    if (pool.outcome !== null && pool.actual !== null && sameSet(pool.actual, actual)) {
      return effects ?? NO_EFFECTS;
    }
    pool.actual = actual;
    return this.#readingChanged(effects ?? new EffectsDraft(), pool, actual);
  }

  #readingChanged(
    effects: EffectsDraft,
    pool: PoolData,
    actual: ReadonlySet<TableEntry>,
  ): EffectsDraft {
    if (pool.outcome !== null) {
      this.#decide(effects, pool);
      return effects;
    }
    const { name } = pool.config;
    pool.roundEndsMs = this.#clock.monotonicMs() + firstRoundMs(this.#data.config, name);
    effects.openedRounds.push(name);
    this.#decide(effects, pool, adopt(this.#data, pool, actual));
    // An earlier hfm may have removed these, and pf may still send known clients there.
    const out = [...pool.configured].filter((one) => !actual.has(one));
    if (out.length > 0) effects.removed.push({ pool: name, entries: out });
    return effects;
  }

  /** Ends the first round of evidence of a table's pool. */
  endFirstRound(table: TableRef): Effects {
    const pools = [...this.#data.pools.values()].filter(({ config }) => isSameTable(config, table));
    // The timer that calls may be a little early, and no other follows.
    for (const pool of pools) pool.roundEndsMs = this.#clock.monotonicMs();
    return this.decide(pools.map(({ config }) => config.name));
  }

  /** Decides what the tables of these pools must hold. */
  decide(pools: Iterable<PoolName>): Effects {
    const effects = new EffectsDraft();
    for (const name of pools) {
      const pool = this.#data.pools.get(name);
      if (pool !== undefined && pool.outcome !== null) this.#decide(effects, pool);
    }
    return effects;
  }

  /** Sets the override of each scope; null is `ready`. Takes effect at once. */
  override(scopes: readonly Scope[], override: Override | null, by: string | null): Effects {
    const effects = new EffectsDraft();
    this.#followWallClock(effects);
    const after = withOverrides(this.#data.overrides, scopes, override);
    const pools = poolsOfScopes(this.#data, scopes);
    this.#setOverrides(effects, after, by, override?.reason ?? null, pools);
    return effects;
  }

  /** Ends the overrides whose time is over. Call it about once a second. */
  expire(): Effects {
    const effects = new EffectsDraft();
    this.#followWallClock(effects);
    const expired = expiredKeys(this.#data.overrides, this.#clock.wallMs());
    if (expired.length === 0) return effects;
    const after = new Map(this.#data.overrides);
    for (const key of expired) after.delete(key);
    this.#setOverrides(effects, after, null, 'its time is over', this.#data.pools.keys());
    return effects;
  }

  /** Goes over to a configuration and keeps what is known. */
  reload(config: Config): Effects {
    const { backends, overrides } = this.#data;
    const effects = new EffectsDraft();
    effects.configured = config;
    effects.jobsChanged = true;
    Object.assign(this.#data, carryOver(this.#data, config, this.#now()));
    for (const backend of this.#data.backends.values()) {
      const from = backends.get(backend.config.name)?.health ?? 'unknown';
      if (backend.health !== from) announceChange(effects, backend, from, BY_MODE, 0);
    }
    for (const pool of this.#data.pools.values()) {
      if (pool.outcome !== null) this.#decide(effects, pool);
    }
    // An override that follows its pool to a new name must be on disk as any other.
    effects.save(this.#data.overrides === overrides ? 'soon' : 'now');
    return effects;
  }

  #decide(effects: EffectsDraft, pool: PoolData, adopted?: ReadonlySet<Address>): void {
    const outcome = decide(this.#data, pool, this.#clock.monotonicMs(), adopted);
    effects.events.push(...policyEvents(pool.config.name, pool.outcome, outcome));
    pool.outcome = outcome;
    effects.goals.set(pool.config.name, outcome);
  }

  #followWallClock(effects: EffectsDraft): void {
    const overrides = this.#wallClockSteps.follow(this.#data.overrides);
    if (overrides === this.#data.overrides) return;
    this.#data.overrides = overrides;
    effects.save('now');
  }

  #setOverrides(
    effects: EffectsDraft,
    after: Overrides,
    by: string | null,
    reason: string | null,
    pools: Iterable<PoolName>,
  ): void {
    const probedBefore = this.#probed();
    effects.events.push(...overrideEvents(this.#data.overrides, after, by, reason));
    this.#data.overrides = after;
    effects.save('now');
    const probed = this.#probed();
    this.#forgetEvidence(effects, new Set([...probedBefore].filter((one) => !probed.has(one))));
    effects.jobsChanged = !sameSet(probed, probedBefore);
    for (const name of new Set([...pools, ...effects.changedPools])) {
      const pool = this.#data.pools.get(name);
      if (pool !== undefined && pool.outcome !== null) this.#decide(effects, pool);
    }
  }

  /** A backend that goes into maintenance must rise again afterwards. */
  #forgetEvidence(effects: EffectsDraft, backends: ReadonlySet<BackendName>): void {
    for (const name of backends) {
      const backend = this.#data.backends.get(name);
      if (backend === undefined) continue;
      for (const check of backend.checks) {
        check.streak = FRESH_STREAK;
        check.asksDrain = false;
      }
      updateHealth(this.#data, this.#now, effects, backend, () => BY_MAINTENANCE);
    }
  }

  #probed(): Set<BackendName> {
    const backends = [...this.#data.backends.values()];
    const probed = backends.filter((backend) => isProbed(this.#data, backend));
    return new Set(probed.map(({ config }) => config.name));
  }
}
