import type { Config, PoolConfig } from '../../src/config/config.ts';
import { parseAddress } from '../../src/core/address.ts';
import { heldOf, isProbed } from '../../src/state/backend.ts';
import type { Clock } from '../../src/sys/clock.ts';
import type { HfmProcess } from './process.ts';
import { addressesIn, FALL, NAMES, ownerOf, RISE, TABLES, type Table } from './shape.ts';
import type { Word } from './step.ts';

/** Why an address may be out of a table: somebody's word, or what its probes said. */
export type Reason = 'word' | 'health';

interface Measured {
  health: 'unknown' | 'up' | 'down';
  passes: number;
  failures: number;
}

/** hfmd gathers what turns at once for so long before it decides. */
const MOMENT_MS = 2;

/** What the configuration and the operator said and what probes showed, kept apart from hfm. */
export class Grounds {
  readonly #clock: Clock;
  #config: Config;
  readonly said = new Map<string, Exclude<Word, 'ready'>>();
  readonly #measured = new Map<string, Measured>();
  /** Until when grounds that are over still count. */
  readonly #spared = new Map<string, number>();

  constructor(clock: Clock, config: Config) {
    this.#clock = clock;
    this.#config = config;
  }

  get config(): Config {
    return this.#config;
  }

  /** Another configuration is in force from here on. */
  configure(config: Config, how: 'reloaded' | 'while stopped'): void {
    this.#change(() => {
      const before = NAMES.map((name) => this.modeOf(name));
      const formerly = this.#config;
      this.#config = config;
      for (const [i, name] of NAMES.entries()) {
        const mode = this.modeOf(name);
        if (mode === undefined) this.#measured.delete(name);
        else if (mode !== before[i]) {
          Object.assign(this.#measuredOf(name), { passes: 0, failures: 0 });
        }
      }
      // A running hfmd sees that only the name of a pool is new.
      if (how === 'reloaded') this.#carryWords(formerly);
    });
  }

  /** hfmd starts anew: nothing is measured yet, and words are what the state file has of them. */
  restart(stateWasLost: boolean): void {
    this.#measured.clear();
    this.#spared.clear();
    if (stateWasLost) this.said.clear();
  }

  verdict(name: string, verdict: 'pass' | 'fail' | 'inconclusive', hfm: HfmProcess): void {
    if (verdict === 'inconclusive') return;
    const live = [...hfm.view.backends.values()].find((one) => one.config.name === name);
    if (live === undefined) return;
    this.#change(() => {
      const measured = this.#measuredOf(name);
      const isFirst =
        measured.health === 'unknown' && measured.passes === 0 && measured.failures === 0;
      const held = isFirst ? heldOf(hfm.view, live) : 'neither';
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

  say(key: string, word: Word, hfm: HfmProcess): void {
    this.#change(() => {
      if (!key.includes('/')) {
        for (const one of this.said.keys()) if (one.endsWith(`/${key}`)) this.said.delete(one);
      }
      if (word === 'ready') this.said.delete(key);
      else this.said.set(key, word);
    });
    // Who is not probed any more must rise again.
    for (const backend of hfm.view.backends.values()) {
      if (!isProbed(hfm.view, backend)) this.#measured.delete(backend.config.name);
    }
  }

  /** Whether the configuration has a backend in a table. */
  isMember(table: Table, name: string): boolean {
    const pool = this.poolOf(table);
    return pool !== undefined && this.#isMember(pool, name);
  }

  /** What a backend's address in a table must be, where that is certain. */
  expectationOf(table: Table, name: string): 'in' | 'out' | 'floor' | null {
    const pool = this.poolOf(table);
    const isMember = pool !== undefined && this.#isMember(pool, name);
    if (!isMember) return 'out';
    const grounds = this.reasonFor(table, name);
    if (grounds !== null) return grounds === 'word' ? 'out' : 'floor';
    const mode = this.modeOf(name);
    const isForced = this.#wordFor(pool, name) === 'force-up';
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
    return (this.#spared.get(`${table} ${address}`) ?? 0) >= this.#clock.monotonicMs();
  }

  reasonFor(table: Table, name: string): Reason | null {
    const pool = this.poolOf(table);
    if (pool === undefined || !this.#isMember(pool, name)) return 'word';
    const word = this.#wordFor(pool, name);
    if (word === 'drain' || word === 'maint') return 'word';
    if (word === 'force-up') return null;
    const mode = this.modeOf(name);
    // The floor holds what the configuration says is down as it holds what is.
    if (mode === 'down') return 'health';
    if (mode !== 'check') return null;
    return this.#measuredOf(name).health === 'down' ? 'health' : null;
  }

  failuresOf(name: string): number {
    return this.#measuredOf(name).failures;
  }

  /** `table address` */
  isConfigured(key: string): boolean {
    return this.configured().includes(key);
  }

  /** Each `table address` of it. */
  configured(): string[] {
    return this.#config.pools.flatMap((pool) => {
      const members = this.#config.backends
        .flatMap(({ memberships }) => memberships)
        .filter((one) => one.pool === pool.name)
        .flatMap(({ addresses }) => addresses);
      return [...members, ...pool.fallback].map((one) => `${pool.table} ${one}`);
    });
  }

  #wordFor(pool: PoolConfig, name: string): Exclude<Word, 'ready'> | undefined {
    return this.said.get(`${pool.name}/${name}`) ?? this.said.get(name);
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

  /** Keeps what had grounds before for the moment that hfmd takes to decide. */
  #change(make: () => void): void {
    const before = this.#allGrounds();
    make();
    const after = this.#allGrounds();
    const untilMs = this.#clock.monotonicMs() + MOMENT_MS;
    for (const key of before) {
      if (after.has(key)) continue;
      const [table = '', address = ''] = key.split(' ');
      const name = ownerOf(table as Table, address) ?? '';
      // Whom a word held out must rise to come in again, also when the word is unsaid.
      const mustRise = this.#measuredOf(name).health === 'unknown';
      this.#spared.set(key, mustRise ? Number.POSITIVE_INFINITY : untilMs);
    }
  }

  #hasRisen(name: string): void {
    const untilMs = this.#clock.monotonicMs() + MOMENT_MS;
    for (const [key, known] of this.#spared) {
      const [table = '', address = ''] = key.split(' ');
      if (known > untilMs && ownerOf(table as Table, address) === name) {
        this.#spared.set(key, untilMs);
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

  /** A word outlives a configuration; one about a membership goes with the table to its new pool. */
  #carryWords(before: Config): void {
    const said = [...this.said];
    this.said.clear();
    for (const [key, word] of said) {
      const [pool = '', name] = key.split('/');
      const table = before.pools.find((one) => one.name === pool)?.table;
      const heir = this.#config.pools.find((one) => one.table === table)?.name ?? pool;
      this.said.set(name === undefined ? key : `${heir}/${name}`, word);
    }
  }
}

export function familyOf(entry: string): 4 | 6 {
  const parsed = parseAddress(entry.replace(/^!/, '').replace(/\/\d+$/, ''));
  return parsed.ok && parsed.address.includes(':') ? 6 : 4;
}
