import type { Config, PoolConfig } from '../../src/config/config.ts';
import { parseAddress } from '../../src/core/address.ts';
import { heldOf, isProbed } from '../../src/daemon/live.ts';
import type { PfDriver, TableRef } from '../../src/pf/driver.ts';
import type { Clock } from '../../src/sys/clock.ts';
import type { Machine } from './machine.ts';
import type { HfmProcess } from './process.ts';
import { addressesIn, FALL, NAMES, ownerOf, RISE, TABLES, type Table } from './shape.ts';
import type { Word } from './step.ts';

/** Why an address may be out of a table: somebody's word, or what its probes said. */
type Grounds = 'word' | 'health';

interface Measured {
  health: 'unknown' | 'up' | 'down';
  passes: number;
  failures: number;
}

/** hfmd gathers what turns at once for so long before it decides. */
const MOMENT_MS = 2;

/**
 * Knows, apart from hfm, what the operator said and what probes showed, and looks at each change
 * that hfm asks pf for: whether there are grounds for it, and what it leaves.
 */
export class Witness {
  readonly problems: string[] = [];
  /** What was asked of pf, to read when a history went wrong. */
  readonly trace: string[] = [];
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #machine: Machine;
  config: Config;
  readonly said = new Map<string, Exclude<Word, 'ready'>>();
  readonly #measured = new Map<string, Measured>();
  /** `table address` of what hfm may take out: all that was configured since its ledger began. */
  readonly own = new Set<string>();
  /** Until when grounds that are over still count. */
  readonly #spared = new Map<string, number>();
  /** Tables that somebody else changed since hfm last read them. */
  readonly #unread = new Set<Table>();
  readonly #lastPut = new Map<Table, readonly string[]>();
  /** Tables that do not take what hfm puts in: there a dead member leaves as long as one serves. */
  readonly #refusing = new Set<Table>();
  /** Own addresses that somebody else put in: hfm never had them in service. */
  readonly #byHand = new Set<string>();
  /** Put in by somebody else while no configuration had it: whose it is depends on the ledger. */
  readonly #strange = new Set<string>();
  /** Adds that hfm asked for and has heard nothing of; when it dies they may still be made. */
  readonly #asked = new Map<string, number>();
  readonly #late = new Set<string>();
  /** What hfm took out, and did not put back. */
  readonly takenOut = new Set<string>();

  constructor(clock: Clock, machine: Machine, config: Config) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    this.#machine = machine;
    this.config = config;
    this.#know();
  }

  note(what: string): void {
    this.trace.push(`${this.#clock.monotonicMs() - this.#startedMs}: ${what}`);
  }

  /** Another configuration is in force from here on. */
  configure(config: Config): void {
    this.#change(() => {
      const before = NAMES.map((name) => this.#modeOf(name));
      const formerly = this.config;
      this.config = config;
      for (const [i, name] of NAMES.entries()) {
        const mode = this.#modeOf(name);
        if (mode === undefined) this.#measured.delete(name);
        else if (mode !== before[i]) {
          Object.assign(this.#measuredOf(name), { passes: 0, failures: 0 });
        }
      }
      this.#carryWords(formerly);
      this.#know();
    });
  }

  /** hfmd starts anew and knows only what the state file says; a lost one is forgotten too. */
  restart(stateWasLost: boolean): void {
    this.#change(() => {
      this.#measured.clear();
      this.#spared.clear();
      this.#byHand.clear();
      for (const [key, count] of this.#asked) {
        if (count === 0) continue;
        // The pfctl of the dead hfmd may still make it: by nobody's hand that is alive.
        this.#late.add(key);
        this.#byHand.add(key);
      }
      this.#asked.clear();
      for (const table of TABLES) this.#unread.add(table);
      if (stateWasLost) {
        this.said.clear();
        this.own.clear();
        this.takenOut.clear();
      }
      this.#know();
    });
  }

  verdict(name: string, verdict: 'pass' | 'fail' | 'inconclusive', hfm: HfmProcess): void {
    if (verdict === 'inconclusive') return;
    const live = [...hfm.controller.live.backends.values()].find((one) => one.config.name === name);
    if (live === undefined) return;
    this.#change(() => {
      const measured = this.#measuredOf(name);
      const isFirst =
        measured.health === 'unknown' && measured.passes === 0 && measured.failures === 0;
      const held = isFirst ? heldOf(hfm.controller.live, live) : 'neither';
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
    for (const backend of hfm.controller.live.backends.values()) {
      if (!isProbed(hfm.controller.live, backend)) this.#measured.delete(backend.config.name);
    }
  }

  /** Somebody else changed a table. */
  changedByOthers(table: Table, before: readonly string[], after: readonly string[]): void {
    this.#unread.add(table);
    for (const entry of after) {
      if (before.includes(entry)) continue;
      const key = `${table} ${entry}`;
      this.#byHand.add(key);
      if (!this.#isConfigured(key)) this.#strange.add(key);
    }
  }

  /** The driver that hfm gets. */
  watch(driver: PfDriver): PfDriver {
    return {
      ...driver,
      show: async (ref) => {
        const table = tableOf(ref);
        this.#unread.delete(table);
        const read = await driver.show(ref);
        this.note(`show ${table}: ${read.ok ? read.value.join(' ') : read.error.kind}`);
        if (!read.ok) this.#unread.add(table);
        else this.#heed(table, read.value);
        return read;
      },
      add: (ref, addresses) => this.#putting(ref, addresses, () => driver.add(ref, addresses)),
      remove: (ref, entries) => {
        this.#removal(tableOf(ref), entries);
        return driver.remove(ref, entries);
      },
      replace: async (ref, entries) => {
        const table = tableOf(ref);
        if (entries.length === 0) {
          this.problems.push(`<${table}> was replaced with nothing`);
          return { ok: true, value: null };
        }
        const holds = this.#machine.entries(table) ?? [];
        this.#removal(
          table,
          holds.filter((one) => !entries.includes(one)),
          entries.filter((one) => !holds.includes(one)),
        );
        return this.#putting(ref, entries, () => driver.replace(ref, entries));
      },
    };
  }

  /** Whether an entry is certainly hfm's to take out. */
  isOwn(table: Table, entry: string): boolean {
    const key = `${table} ${entry}`;
    const isLate = this.#late.has(key) && !this.#isConfigured(key);
    return this.own.has(key) && !this.#strange.has(key) && !isLate;
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
    const grounds = this.#groundsFor(table, name);
    if (grounds !== null) return grounds === 'word' ? 'out' : 'floor';
    const mode = this.#modeOf(name);
    const isForced = this.#wordFor(pool, name) === 'force-up';
    if (isForced || mode === 'up') return 'in';
    return mode === 'check' && this.#measuredOf(name).health === 'up' ? 'in' : null;
  }

  poolOf(table: Table): PoolConfig | undefined {
    return this.config.pools.find((one) => one.table === table);
  }

  floorOf(table: Table, family: 4 | 6): number {
    const pool = this.poolOf(table);
    if (pool === undefined) return 0;
    const configured = this.config.backends
      .flatMap(({ memberships }) => memberships)
      .filter((one) => one.pool === pool.name)
      .flatMap(({ addresses }) => addresses)
      .filter((one) => familyOf(one) === family).length;
    const { floor } = pool;
    return floor.kind === 'count'
      ? Math.min(floor.count, configured)
      : Math.ceil((configured * floor.percent) / 100);
  }

  async #putting<T>(ref: TableRef, entries: readonly string[], work: () => Promise<T>): Promise<T> {
    const keys = entries.map((one) => `${tableOf(ref)} ${one}`);
    this.#lastPut.set(tableOf(ref), entries);
    this.note(`put into ${tableOf(ref)}: ${entries.join(' ')}`);
    for (const key of keys) {
      this.#byHand.delete(key);
      this.takenOut.delete(key);
      this.#asked.set(key, (this.#asked.get(key) ?? 0) + 1);
    }
    const result = await work();
    for (const key of keys) this.#asked.set(key, Math.max(0, (this.#asked.get(key) ?? 0) - 1));
    return result;
  }

  /** Whether pf shows what it said it had put in. */
  #heed(table: Table, shown: readonly string[]): void {
    const put = this.#lastPut.get(table) ?? [];
    if (put.every((one) => shown.includes(one))) this.#refusing.delete(table);
    else this.#refusing.add(table);
  }

  #removal(table: Table, entries: readonly string[], added: readonly string[] = []): void {
    if (entries.length === 0) return;
    this.note(`take out of ${table}: ${entries.join(' ')}`);
    const holds = this.#machine.entries(table) ?? [];
    const present = entries.filter((one) => holds.includes(one));
    const isExclusive = this.poolOf(table)?.exclusive === true;
    for (const entry of entries) {
      const key = `${table} ${entry}`;
      this.takenOut.add(key);
      const name = ownerOf(table, entry);
      if (!this.own.has(key) && !isExclusive) {
        this.problems.push(`${entry}, which is not hfm's, was taken out of <${table}>`);
      }
      if (name === undefined || this.#mayLeave(table, entry, name)) continue;
      // A drift is undone; only what hfm had in service needs evidence to leave.
      if (this.#byHand.has(key) && this.#modeOf(name) !== 'off') continue;
      const { failures } = this.#measuredOf(name);
      this.problems.push(`${name} was taken out of <${table}> after ${failures} failures`);
    }
    const left = [...holds.filter((one) => !entries.includes(one)), ...added];
    this.#floor(table, present, left);
  }

  /** Health alone takes nobody out where that leaves less than the floor. */
  #floor(table: Table, removed: readonly string[], left: readonly string[]): void {
    if (this.#unread.has(table)) return;
    for (const entry of removed) {
      const name = ownerOf(table, entry);
      if (name === undefined || this.#byHand.has(`${table} ${entry}`)) continue;
      if (this.#groundsFor(table, name) !== 'health') continue;
      const family = familyOf(entry);
      const kept = left.filter((one) => familyOf(one) === family && this.isOwn(table, one)).length;
      const floor = Math.min(
        this.floorOf(table, family),
        this.#refusing.has(table) ? 1 : Number.POSITIVE_INFINITY,
      );
      if (kept < floor) {
        this.problems.push(`${name} was taken out of <${table}>: ${kept} left of ${floor}`);
      }
    }
  }

  #mayLeave(table: Table, address: string, name: string): boolean {
    if (this.#groundsFor(table, name) !== null) return true;
    return (this.#spared.get(`${table} ${address}`) ?? 0) >= this.#clock.monotonicMs();
  }

  #groundsFor(table: Table, name: string): Grounds | null {
    const pool = this.poolOf(table);
    if (pool === undefined || !this.#isMember(pool, name)) return 'word';
    const word = this.#wordFor(pool, name);
    if (word === 'drain' || word === 'maint') return 'word';
    if (word === 'force-up') return null;
    const mode = this.#modeOf(name);
    // The floor holds what the configuration says is down as it holds what is.
    if (mode === 'down') return 'health';
    if (mode !== 'check') return null;
    return this.#measuredOf(name).health === 'down' ? 'health' : null;
  }

  #wordFor(pool: PoolConfig, name: string): Exclude<Word, 'ready'> | undefined {
    return this.said.get(`${pool.name}/${name}`) ?? this.said.get(name);
  }

  #isMember(pool: PoolConfig, name: string): boolean {
    const one = this.config.backends.find((backend) => backend.name === name);
    return one?.memberships.some((membership) => membership.pool === pool.name) === true;
  }

  #modeOf(name: string): string | undefined {
    return this.config.backends.find((one) => one.name === name)?.checks[0]?.mode;
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
          if (this.#groundsFor(table, name) !== null) keys.add(`${table} ${address}`);
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
      const heir = this.config.pools.find((one) => one.table === table)?.name ?? pool;
      this.said.set(name === undefined ? key : `${heir}/${name}`, word);
    }
  }

  #know(): void {
    for (const key of this.#configured()) {
      this.own.add(key);
      this.#strange.delete(key);
    }
  }

  #isConfigured(key: string): boolean {
    return this.#configured().includes(key);
  }

  #configured(): string[] {
    return this.config.pools.flatMap((pool) => {
      const members = this.config.backends
        .flatMap(({ memberships }) => memberships)
        .filter((one) => one.pool === pool.name)
        .flatMap(({ addresses }) => addresses);
      return [...members, ...pool.fallback].map((one) => `${pool.table} ${one}`);
    });
  }
}

export function familyOf(entry: string): 4 | 6 {
  const parsed = parseAddress(entry.replace(/^!/, '').replace(/\/\d+$/, ''));
  return parsed.ok && parsed.address.includes(':') ? 6 : 4;
}

function tableOf({ table }: TableRef): Table {
  const known = TABLES.find((one) => one === table);
  if (known === undefined) throw new Error(`hfm asked for <${table}>, which no history has`);
  return known;
}
