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

/** A change that hfm asks of pf. */
interface Change {
  readonly table: Table;
  /** `table address` of each address to add. */
  readonly added: readonly string[];
  /** The number of the hfmd that asked. */
  readonly life: number;
}

/**
 * Stands between hfm and pf and checks each change that hfm asks for: are there grounds for it, and does
 * it leave the floor?
 */
export class Witness {
  readonly problems: string[] = [];
  /** The calls of pf, to read when a history fails. */
  readonly trace: string[] = [];
  readonly #clock: Clock;
  readonly #startedMs: number;
  readonly #machine: Machine;
  readonly grounds: Grounds;
  /**
   * `table address` of each address that hfm may take out: all that were configured since its
   * ledger began.
   */
  readonly own = new Set<string>();
  /** Tables that others changed since hfm last read them. */
  readonly #unread = new Set<Table>();
  /** Those of them that were changed while hfm had no call of pfctl under way for them. */
  readonly #changedAtRest = new Set<Table>();
  /** How many calls of pfctl the living hfm has under way. */
  readonly #calls = new Map<Table, number>();
  /** What the living hfm wants in a table. */
  #wanted: (table: Table) => ReadonlySet<string> = () => new Set();
  /** How often others changed a table. */
  #edits = 0;
  /** hfm's addresses that others put in: hfm never had them in service. */
  readonly #byHand = new Set<string>();
  /**
   * Put in by others while the configuration did not have it: only the ledger knows whether it is
   * hfm's.
   */
  readonly #disputed = new Set<string>();
  /** Changes whose pfctl has not ended. It may outlive the hfmd that asked, and the next one too. */
  readonly #changes = new Set<Change>();
  /** How often hfmd was started again. */
  #life = 0;
  /** `table address` of each address that a killed hfmd was adding. */
  readonly #late = new Set<string>();
  /** `table address` of each address that hfm took out and did not put back. */
  readonly takenOut = new Set<string>();

  constructor(clock: Clock, machine: Machine, config: Config) {
    this.#clock = clock;
    this.#startedMs = clock.monotonicMs();
    this.#machine = machine;
    this.grounds = new Grounds(clock, config);
    this.#ownConfigured();
  }

  note(what: string): void {
    this.trace.push(`${this.#clock.monotonicMs() - this.#startedMs}: ${what}`);
  }

  /** Another configuration is in force from now on. */
  configure(config: Config, how: 'reloaded' | 'while stopped'): void {
    this.grounds.configure(config, how);
    this.#ownConfigured();
  }

  /** A new hfmd starts and knows only its state file, or nothing if that was lost. */
  restart(stateWasLost: boolean): void {
    this.grounds.restart(stateWasLost);
    this.#life += 1;
    this.#byHand.clear();
    for (const key of [...this.#changes].flatMap(({ added }) => added)) {
      // The pfctl of the killed hfmd may still add it. The new hfmd did not.
      this.#late.add(key);
      this.#byHand.add(key);
    }
    // The ledger forgets an address that left the configuration and the table. So does the new hfmd.
    for (const key of this.takenOut) if (!this.grounds.isConfigured(key)) this.takenOut.delete(key);
    for (const table of TABLES) this.#unread.add(table);
    if (stateWasLost) {
      this.own.clear();
      this.takenOut.clear();
    }
    this.#ownConfigured();
  }

  /** Looks from now on at what this hfm wants. */
  follow({ view }: Pick<HfmProcess, 'view'>): void {
    this.#calls.clear();
    this.#wanted = (table) => {
      const pool = [...view.pools.values()].find(({ config }) => config.table === table);
      return pool?.outcome?.desired ?? new Set();
    };
  }

  /** A table was changed, but not by hfm. */
  changedByOthers(table: Table, before: readonly string[], after: readonly string[]): void {
    this.#unread.add(table);
    if ((this.#calls.get(table) ?? 0) === 0) this.#changedAtRest.add(table);
    this.#edits += 1;
    for (const entry of after) {
      if (before.includes(entry)) continue;
      const key = `${table} ${entry}`;
      this.#byHand.add(key);
      this.served(entry);
      if (!this.grounds.isConfigured(key)) this.#disputed.add(key);
    }
  }

  /**
   * A table has the entry, so clients may come to it. hfm must end their source nodes only if it takes
   * the entry out after this. The table may not be hfm's, or hfm may never have seen the entry there.
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

  /** hfm reports an address as in or out of a table only if that is true, as far as hfm can know. */
  checkViews({ rooms, view }: Pick<HfmProcess, 'rooms' | 'view'>): void {
    for (const pool of view.pools.values()) {
      const table = tableOf(pool.config);
      const holds = this.#machine.entries(table);
      if (holds === null || this.#isUnread(table)) continue;
      if (rooms.tables.viewOf(pool.config).error !== null) continue;
      for (const one of addressesOf(view.config, pool.config)) {
        if (!isShown(pool, one) || pool.outcome?.untouched.has(one)) continue;
        const isShownIn = pool.outcome?.desired.has(one) === true;
        if (holds.includes(one) === isShownIn) continue;
        const shown = isShownIn ? 'in' : 'not in';
        this.problems.push(`hfm showed ${one} as ${shown} <${table}>, and that was wrong`);
      }
    }
  }

  /** Whether an entry is certainly hfm's to take out. */
  isOwn(table: Table, entry: string): boolean {
    const key = `${table} ${entry}`;
    const isLate = this.#late.has(key) && !this.grounds.isConfigured(key);
    return this.own.has(key) && !this.#disputed.has(key) && !isLate;
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

  /** To the running hfmd, a change by the pfctl of a killed hfmd is a change by others. */
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

  /** Whether a table may have changed since the running hfmd read it. */
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
      // hfm undoes a drift. Only what it had in service needs evidence to leave.
      if (this.#byHand.has(key) && this.grounds.modeOf(name) !== 'off') continue;
      const failures = this.grounds.failuresOf(name);
      this.problems.push(`${name} was taken out of <${table}> after ${failures} failures`);
    }
    const left = [...holds.filter((one) => !entries.includes(one)), ...added];
    this.#floor(table, present, left);
    this.#emptied(table, present, left);
  }

  /**
   * Also when another program has changed a table since hfm read it, a removal leaves as many addresses
   * as the floor asks for, or as many as hfm wants there, if these are fewer.
   */
  #emptied(table: Table, removed: readonly string[], left: readonly string[]): void {
    if (!this.#changedAtRest.has(table)) return;
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

  /** Health alone takes out no address if that leaves less than the floor. */
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

  #ownConfigured(): void {
    for (const key of this.grounds.configured()) {
      this.own.add(key);
      this.#disputed.delete(key);
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
