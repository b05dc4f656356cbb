import type { Config } from '../../src/config/config.ts';
import { addressesOf } from '../../src/config/pool-addresses.ts';
import type { TableRef } from '../../src/core/table.ts';
import type { PfDriver } from '../../src/pf/driver.ts';
import { isShown } from '../../src/state/serving.ts';
import type { Clock } from '../../src/sys/clock.ts';
import { familyOf, Grounds } from './grounds.ts';
import type { Machine } from './machine.ts';
import type { HfmProcess } from './process.ts';
import { ownerOf, TABLES, type Table } from './shape.ts';

/** One that hfm asks of pf. */
interface Change {
  readonly table: Table;
  /** `table address` of what is to come in. */
  readonly added: readonly string[];
  /** Which hfmd asked. */
  readonly life: number;
}

/** Looks at each change that hfm asks pf for: whether there are grounds for it, and what it leaves. */
export class Witness {
  readonly problems: string[] = [];
  /** What was asked of pf, to read when a history went wrong. */
  readonly trace: string[] = [];
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #machine: Machine;
  readonly grounds: Grounds;
  /** `table address` of what hfm may take out: all that was configured since its ledger began. */
  readonly own = new Set<string>();
  /** Tables that somebody else changed since hfm last read them. */
  readonly #unread = new Set<Table>();
  /** Those of them that were changed while hfm had no call of pfctl under way for them. */
  readonly #changedAtRest = new Set<Table>();
  /** How many calls of pfctl the living hfm has under way. */
  readonly #calls = new Map<Table, number>();
  /** What the living hfm wants in a table. */
  #wanted: (table: Table) => ReadonlySet<string> = () => new Set();
  /** How often somebody else changed one. */
  #edits = 0;
  /** Own addresses that somebody else put in: hfm never had them in service. */
  readonly #byHand = new Set<string>();
  /** Put in by somebody else while no configuration had it: whose it is depends on the ledger. */
  readonly #strange = new Set<string>();
  /** Changes whose pfctl has not ended: it outlives the hfmd that asked for them, and the next too. */
  readonly #changes = new Set<Change>();
  /** How often hfmd was started anew. */
  #life = 0;
  /** `table address` of what was to come in when hfmd died. */
  readonly #late = new Set<string>();
  /** What hfm took out, and did not put back. */
  readonly takenOut = new Set<string>();

  constructor(clock: Clock, machine: Machine, config: Config) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    this.#machine = machine;
    this.grounds = new Grounds(clock, config);
    this.#know();
  }

  note(what: string): void {
    this.trace.push(`${this.#clock.monotonicMs() - this.#startedMs}: ${what}`);
  }

  /** Another configuration is in force from here on. */
  configure(config: Config, how: 'reloaded' | 'while stopped'): void {
    this.grounds.configure(config, how);
    this.#know();
  }

  /** hfmd starts anew and knows only what the state file says; a lost one is forgotten too. */
  restart(stateWasLost: boolean): void {
    this.grounds.restart(stateWasLost);
    this.#life += 1;
    this.#byHand.clear();
    for (const key of [...this.#changes].flatMap(({ added }) => added)) {
      // The pfctl of the dead hfmd may still make it: by nobody's hand that is alive.
      this.#late.add(key);
      this.#byHand.add(key);
    }
    // The ledger forgets what left the configuration once it is out, and so does the next hfmd.
    for (const key of this.takenOut) if (!this.grounds.isConfigured(key)) this.takenOut.delete(key);
    for (const table of TABLES) this.#unread.add(table);
    if (stateWasLost) {
      this.own.clear();
      this.takenOut.clear();
    }
    this.#know();
  }

  /** Looks from now on at what this hfm wants. */
  follow({ view }: Pick<HfmProcess, 'view'>): void {
    this.#calls.clear();
    this.#wanted = (table) => {
      const pool = [...view.pools.values()].find(({ config }) => config.table === table);
      return pool?.outcome?.desired ?? new Set();
    };
  }

  /** Somebody else changed a table. */
  changedByOthers(table: Table, before: readonly string[], after: readonly string[]): void {
    this.#unread.add(table);
    if ((this.#calls.get(table) ?? 0) === 0) this.#changedAtRest.add(table);
    this.#edits += 1;
    for (const entry of after) {
      if (before.includes(entry)) continue;
      const key = `${table} ${entry}`;
      this.#byHand.add(key);
      this.served(entry);
      if (!this.grounds.isConfigured(key)) this.#strange.add(key);
    }
  }

  /**
   * Some table has the entry, and clients come to it from now on: they are hfm's to end only when hfm
   * takes it out after that. The table may not be hfm's, or hfm may never have seen it there.
   */
  served(entry: string): void {
    for (const table of TABLES) this.takenOut.delete(`${table} ${entry}`);
  }

  /** The driver that hfm gets. */
  watch(driver: PfDriver): PfDriver {
    return {
      ...driver,
      show: async (ref) => {
        const table = tableOf(ref);
        const edits = this.#edits;
        const read = await this.#calling(table, () => driver.show(ref));
        this.note(`show ${table}: ${read.ok ? read.value.join(' ') : read.error.kind}`);
        if (!read.ok) this.#unread.add(table);
        else if (edits === this.#edits) this.#unread.delete(table);
        if (read.ok) this.#changedAtRest.delete(table);
        return read;
      },
      add: (ref, addresses) => this.#putting(ref, addresses, () => driver.add(ref, addresses)),
      remove: (ref, entries) => {
        this.#removal(tableOf(ref), entries);
        return this.#changing(tableOf(ref), [], () => driver.remove(ref, entries));
      },
      replace: async (ref, entries) => {
        const table = tableOf(ref);
        if (entries.length === 0) {
          this.problems.push(`<${table}> was replaced with nothing`);
          return { ok: true, value: null };
        }
        const holds = this.#machine.entries(table) ?? [];
        const removed = holds.filter((one) => !entries.includes(one));
        const added = entries.filter((one) => !holds.includes(one));
        this.#removal(table, removed, added);
        return this.#putting(ref, entries, () => driver.replace(ref, entries));
      },
    };
  }

  /** Nothing is said to be in or out of a table that is not so, as far as hfm can know. */
  said({ rooms, view }: Pick<HfmProcess, 'rooms' | 'view'>): void {
    for (const pool of view.pools.values()) {
      const table = tableOf(pool.config);
      const holds = this.#machine.entries(table);
      if (holds === null || this.#isUnread(table)) continue;
      if (rooms.tables.viewOf(pool.config).error !== null) continue;
      for (const one of addressesOf(view.config, pool.config)) {
        if (!isShown(pool, one) || pool.outcome?.untouched.has(one)) continue;
        const isSaidIn = pool.outcome?.desired.has(one) === true;
        if (holds.includes(one) === isSaidIn) continue;
        const said = isSaidIn ? 'in' : 'out';
        this.problems.push(`${one} was said to be ${said} of <${table}>, and it was not`);
      }
    }
  }

  /** Whether an entry is certainly hfm's to take out. */
  isOwn(table: Table, entry: string): boolean {
    const key = `${table} ${entry}`;
    const isLate = this.#late.has(key) && !this.grounds.isConfigured(key);
    return this.own.has(key) && !this.#strange.has(key) && !isLate;
  }

  #putting<T>(ref: TableRef, entries: readonly string[], work: () => Promise<T>): Promise<T> {
    const keys = keysOf(ref, entries);
    this.note(`put into ${tableOf(ref)}: ${entries.join(' ')}`);
    for (const key of keys) {
      this.#byHand.delete(key);
      this.takenOut.delete(key);
    }
    return this.#changing(tableOf(ref), keys, work);
  }

  /** What the pfctl of a dead hfmd does is somebody else's doing for the one that lives. */
  async #changing<T>(table: Table, added: readonly string[], work: () => Promise<T>): Promise<T> {
    const change = { table, added, life: this.#life };
    this.#changes.add(change);
    const result = await this.#calling(table, work);
    this.#changes.delete(change);
    if (change.life !== this.#life) {
      this.#unread.add(table);
      this.#edits += 1;
    }
    return result;
  }

  async #calling<T>(table: Table, work: () => Promise<T>): Promise<T> {
    const life = this.#life;
    this.#calls.set(table, (this.#calls.get(table) ?? 0) + 1);
    const result = await work();
    // A dead hfmd's call may end in the next one's life.
    if (life === this.#life) this.#calls.set(table, (this.#calls.get(table) ?? 1) - 1);
    return result;
  }

  /** Whether a table may hold what the living hfmd has not read. */
  #isUnread(table: Table): boolean {
    if (this.#unread.has(table)) return true;
    return [...this.#changes].some((one) => one.table === table && one.life !== this.#life);
  }

  #removal(table: Table, entries: readonly string[], added: readonly string[] = []): void {
    if (entries.length === 0) return;
    this.note(`take out of ${table}: ${entries.join(' ')}`);
    const holds = this.#machine.entries(table) ?? [];
    const present = entries.filter((one) => holds.includes(one));
    const isExclusive = this.grounds.poolOf(table)?.exclusive === true;
    for (const entry of entries) {
      const key = `${table} ${entry}`;
      this.takenOut.add(key);
      const name = ownerOf(table, entry);
      if (!this.own.has(key) && !isExclusive) {
        this.problems.push(`${entry}, which is not hfm's, was taken out of <${table}>`);
      }
      if (name === undefined || this.grounds.mayLeave(table, entry, name)) continue;
      // A drift is undone; only what hfm had in service needs evidence to leave.
      if (this.#byHand.has(key) && this.grounds.modeOf(name) !== 'off') continue;
      const failures = this.grounds.failuresOf(name);
      this.problems.push(`${name} was taken out of <${table}> after ${failures} failures`);
    }
    const left = [...holds.filter((one) => !entries.includes(one)), ...added];
    this.#floor(table, present, left);
    this.#emptied(table, present, left);
  }

  /**
   * After each call of pfctl a table holds as many addresses as the floor asks for, or as many as hfm
   * wants there, if these are fewer; also a table that another program has changed since hfm read it.
   */
  #emptied(table: Table, removed: readonly string[], left: readonly string[]): void {
    if (this.#isUnread(table) && !this.#changedAtRest.has(table)) return;
    const own = removed.filter((one) => this.isOwn(table, one));
    for (const family of new Set(own.map(familyOf))) {
      const isOf = (one: string): boolean => familyOf(one) === family;
      const wanted = [...this.#wanted(table)].filter(isOf).length;
      const least = Math.min(this.grounds.floorOf(table, family), wanted);
      const kept = left.filter((one) => isOf(one) && this.isOwn(table, one)).length;
      if (kept < least) {
        this.problems.push(
          `<${table}> was left with ${kept} of ${family}, and ${least} were to stay`,
        );
      }
    }
  }

  /** Health alone takes nobody out where that leaves less than the floor. */
  #floor(table: Table, removed: readonly string[], left: readonly string[]): void {
    if (this.#isUnread(table)) return;
    for (const entry of removed) {
      const name = ownerOf(table, entry);
      if (name === undefined || this.#byHand.has(`${table} ${entry}`)) continue;
      if (this.grounds.reasonFor(table, name) !== 'health') continue;
      const family = familyOf(entry);
      const kept = left.filter((one) => familyOf(one) === family && this.isOwn(table, one)).length;
      const floor = this.grounds.floorOf(table, family);
      if (kept < floor) {
        this.problems.push(`${name} was taken out of <${table}>: ${kept} left of ${floor}`);
      }
    }
  }

  #know(): void {
    for (const key of this.grounds.configured()) {
      this.own.add(key);
      this.#strange.delete(key);
    }
  }
}

function keysOf(ref: TableRef, entries: readonly string[]): readonly string[] {
  return entries.map((one) => `${tableOf(ref)} ${one}`);
}

function tableOf({ table }: TableRef): Table {
  const known = TABLES.find((one) => one === table);
  if (known === undefined) throw new Error(`hfm asked for <${table}>, which no history has`);
  return known;
}
