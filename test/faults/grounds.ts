import type { Config, PoolConfig } from '../../src/config/config.ts';
import { parseAddress } from '../../src/core/address.ts';
import type { AdminState } from '../../src/core/override.ts';
import { heldOf, isProbed } from '../../src/state/backend.ts';
import type { Clock } from '../../src/sys/clock.ts';
import type { HfmProcess } from './process.ts';
import { addressesIn, FALL, NAMES, ownerOf, RISE, TABLES, type Table } from './shape.ts';

/**
 * Why an address may be out of a table: the operator wants it, by an override or the configuration, or
 * its backend has failed.
 */
export type Reason = 'operator' | 'health';

interface Measured {
  health: 'unknown' | 'up' | 'down';
  passes: number;
  failures: number;
}

/** hfmd collects changes for so long before it decides. */
const BATCH_MS = 2;

/**
 * The grounds on which an address may leave a table: the configuration, the overrides and the verdicts.
 * The test counts them itself, so that a fault in hfm's own count shows.
 */
export class Grounds {
  readonly #clock: Clock;
  #config: Config;
  /** By scope: `backend` or `pool/backend`. */
  readonly overrides = new Map<string, Exclude<AdminState, 'ready'>>();
  readonly #measured = new Map<string, Measured>();
  /** `table address` of grounds that have ended, and until when they still count. */
  readonly #expiring = new Map<string, number>();

  constructor(clock: Clock, config: Config) {
    this.#clock = clock;
    this.#config = config;
  }

  get config(): Config {
    return this.#config;
  }

  /** Another configuration is in force from now on. */
  configure(config: Config, how: 'reloaded' | 'while stopped'): void {
    this.#change(() => {
      const before = NAMES.map((name) => this.modeOf(name));
      const previous = this.#config;
      this.#config = config;
      for (const [i, name] of NAMES.entries()) {
        const mode = this.modeOf(name);
        if (mode === undefined) this.#measured.delete(name);
        else if (mode !== before[i]) {
          Object.assign(this.#measuredOf(name), { passes: 0, failures: 0 });
        }
      }
      // A running hfmd notices when only the name of a pool is new.
      if (how === 'reloaded') this.#carryOverrides(previous);
    });
  }

  /** A new hfmd starts: it has no verdicts yet, and its overrides are those of the state file. */
  restart(stateWasLost: boolean): void {
    this.#measured.clear();
    this.#expiring.clear();
    if (stateWasLost) this.overrides.clear();
  }

  verdict(name: string, verdict: 'pass' | 'fail' | 'inconclusive', hfm: HfmProcess): void {
    if (verdict === 'inconclusive') return;
    const backend = [...hfm.view.backends.values()].find((one) => one.config.name === name);
    if (backend === undefined) return;
    this.#change(() => {
      const measured = this.#measuredOf(name);
      const isFirst =
        measured.health === 'unknown' && measured.passes === 0 && measured.failures === 0;
      const held = isFirst ? heldOf(hfm.view, backend) : 'neither';
      if (verdict === 'pass') {
        measured.passes += 1;
        measured.failures = 0;
        if (measured.passes >= RISE || held === 'all') measured.health = 'up';
        if (measured.health === 'up') this.#hasRisen(name);
      } else {
        measured.failures += 1;
        measured.passes = 0;
        if (measured.failures >= FALL || held === 'none') measured.health = 'down';
      }
    });
  }

  override(key: string, state: AdminState, hfm: HfmProcess): void {
    this.#change(() => {
      // An override on a backend replaces those on its memberships.
      if (!key.includes('/')) {
        for (const one of this.overrides.keys()) {
          if (one.endsWith(`/${key}`)) this.overrides.delete(one);
        }
      }
      if (state === 'ready') this.overrides.delete(key);
      else this.overrides.set(key, state);
    });
    // A backend that is no longer probed must rise again.
    for (const backend of hfm.view.backends.values()) {
      if (!isProbed(hfm.view, backend)) this.#measured.delete(backend.config.name);
    }
  }

  /** Whether the configuration has a backend in a table. */
  isMember(table: Table, name: string): boolean {
    const pool = this.poolOf(table);
    return pool !== undefined && this.#isMember(pool, name);
  }

  /**
   * Whether a backend's address must be in the table; `floor`: only the floor may keep it; null:
   * unsure.
   */
  expectationOf(table: Table, name: string): 'in' | 'out' | 'floor' | null {
    const pool = this.poolOf(table);
    const isMember = pool !== undefined && this.#isMember(pool, name);
    if (!isMember) return 'out';
    const reason = this.reasonFor(table, name);
    if (reason !== null) return reason === 'operator' ? 'out' : 'floor';
    const mode = this.modeOf(name);
    const isForced = this.#overrideOn(pool, name) === 'force-up';
    if (isForced || mode === 'up') return 'in';
    return mode === 'check' && this.#measuredOf(name).health === 'up' ? 'in' : null;
  }

  poolOf(table: Table): PoolConfig | undefined {
    return this.#config.pools.find((one) => one.table === table);
  }

  floorOf(table: Table, family: 4 | 6): number {
    const pool = this.poolOf(table);
    if (pool === undefined) return 0;
    const configured = this.#config.backends
      .flatMap(({ memberships }) => memberships)
      .filter((one) => one.pool === pool.name)
      .flatMap(({ addresses }) => addresses)
      .filter((one) => familyOf(one) === family).length;
    const { floor } = pool;
    return floor.kind === 'count'
      ? Math.min(floor.count, configured)
      : Math.ceil((configured * floor.percent) / 100);
  }

  mayLeave(table: Table, address: string, name: string): boolean {
    if (this.reasonFor(table, name) !== null) return true;
    return (this.#expiring.get(`${table} ${address}`) ?? 0) >= this.#clock.monotonicMs();
  }

  reasonFor(table: Table, name: string): Reason | null {
    const pool = this.poolOf(table);
    if (pool === undefined || !this.#isMember(pool, name)) return 'operator';
    const override = this.#overrideOn(pool, name);
    if (override === 'drain' || override === 'maint') return 'operator';
    if (override === 'force-up') return null;
    const mode = this.modeOf(name);
    // The floor keeps a backend with `mode = "down"` as it keeps one that has failed.
    if (mode === 'down') return 'health';
    if (mode !== 'check') return null;
    return this.#measuredOf(name).health === 'down' ? 'health' : null;
  }

  failuresOf(name: string): number {
    return this.#measuredOf(name).failures;
  }

  /** `key`: `table address`. */
  isConfigured(key: string): boolean {
    return this.configured().includes(key);
  }

  /** `table address` of each configured address. */
  configured(): string[] {
    return this.#config.pools.flatMap((pool) => {
      const members = this.#config.backends
        .flatMap(({ memberships }) => memberships)
        .filter((one) => one.pool === pool.name)
        .flatMap(({ addresses }) => addresses);
      return [...members, ...pool.fallback].map((one) => `${pool.table} ${one}`);
    });
  }

  #overrideOn(pool: PoolConfig, name: string): Exclude<AdminState, 'ready'> | undefined {
    return this.overrides.get(`${pool.name}/${name}`) ?? this.overrides.get(name);
  }

  #isMember(pool: PoolConfig, name: string): boolean {
    const one = this.#config.backends.find((backend) => backend.name === name);
    return one?.memberships.some((membership) => membership.pool === pool.name) === true;
  }

  modeOf(name: string): string | undefined {
    return this.#config.backends.find((one) => one.name === name)?.checks[0]?.mode;
  }

  #measuredOf(name: string): Measured {
    const known = this.#measured.get(name) ?? { health: 'unknown', passes: 0, failures: 0 };
    this.#measured.set(name, known);
    return known;
  }

  /** Lets grounds that end still count for as long as hfmd may take to decide. */
  #change(make: () => void): void {
    const before = this.#allGrounds();
    make();
    const after = this.#allGrounds();
    const untilMs = this.#clock.monotonicMs() + BATCH_MS;
    for (const key of before) {
      if (after.has(key)) continue;
      const [table = '', address = ''] = key.split(' ');
      const name = ownerOf(table as Table, address) ?? '';
      // After an override has ended, a backend without health must rise before it comes in.
      const mustRise = this.#measuredOf(name).health === 'unknown';
      this.#expiring.set(key, mustRise ? Number.POSITIVE_INFINITY : untilMs);
    }
  }

  #hasRisen(name: string): void {
    const untilMs = this.#clock.monotonicMs() + BATCH_MS;
    for (const [key, known] of this.#expiring) {
      const [table = '', address = ''] = key.split(' ');
      if (known > untilMs && ownerOf(table as Table, address) === name) {
        this.#expiring.set(key, untilMs);
      }
    }
  }

  #allGrounds(): Set<string> {
    const keys = new Set<string>();
    for (const table of TABLES) {
      for (const name of NAMES) {
        for (const address of addressesIn(table, name)) {
          if (this.reasonFor(table, name) !== null) keys.add(`${table} ${address}`);
        }
      }
    }
    return keys;
  }

  /** An override outlives a reload; one on a membership goes with the table to its new pool. */
  #carryOverrides(before: Config): void {
    const overrides = [...this.overrides];
    this.overrides.clear();
    for (const [key, state] of overrides) {
      const [pool = '', name] = key.split('/');
      const table = before.pools.find((one) => one.name === pool)?.table;
      const successor = this.#config.pools.find((one) => one.table === table)?.name ?? pool;
      this.overrides.set(name === undefined ? key : `${successor}/${name}`, state);
    }
  }
}

export function familyOf(entry: string): 4 | 6 {
  const parsed = parseAddress(entry.replace(/^!/, '').replace(/\/\d+$/, ''));
  return parsed.ok && parsed.address.includes(':') ? 6 : 4;
}
