import type { Config } from '../config/config.ts';
import { addressesOf } from '../config/pool-addresses.ts';
import type { Address } from '../core/address.ts';
import { forget, type Ledger, takeOver } from '../core/ledger.ts';
import { type TableRef, tableKey } from '../core/table.ts';
import type { TableView } from './table-view.ts';

/** What is hfm's in the tables: by the ledger, and by the configuration in force. Tables by their keys. */
export class TableLedger {
  #ledger: Ledger;
  /** The same by table: with hundreds of tables a look through the ledger for each takes too long. */
  #byTable: ReadonlyMap<string, readonly Address[]>;
  #configured: ReadonlyMap<string, ReadonlySet<Address>> = new Map();

  constructor(ledger: Ledger) {
    this.#ledger = ledger;
    this.#byTable = byTable(ledger);
  }

  get entries(): Ledger {
    return this.#ledger;
  }

  /** Takes over a configuration: from now on hfm may put into its tables what it has for them. */
  takeOver(config: Config): void {
    const configured = configuredIn(config);
    this.#configured = new Map(
      configured.map((entry) => [tableKey(entry), new Set(entry.addresses)]),
    );
    this.#set(takeOver(this.#ledger, configured));
  }

  isConfigured(table: string, address: Address): boolean {
    return this.#configured.get(table)?.has(address) === true;
  }

  /** The addresses of hfm's that a table may hold. */
  addressesIn(table: TableRef): readonly Address[] {
    return this.#byTable.get(tableKey(table)) ?? [];
  }

  /** Those of them that the configuration does not have any more. */
  leftoversIn(table: TableRef): readonly Address[] {
    const key = tableKey(table);
    return this.addressesIn(table).filter((one) => !this.isConfigured(key, one));
  }

  /**
   * Forgets what a table has lost for good, by its view; returns it, or null where the ledger stays as
   * it is. What is forgotten is a foreign address from then on.
   */
  forgetLost(table: TableRef, { actual, inSync, error }: TableView): readonly Address[] | null {
    // A table that no pool has, and that is not there any more, holds nothing of hfm's.
    const isGone = !this.#configured.has(tableKey(table)) && error?.kind === 'missing-table';
    if (!isGone && (!inSync || actual === null)) return null;
    const before = this.addressesIn(table);
    const own = before.filter((one) => this.isConfigured(tableKey(table), one));
    const left = forget(this.#ledger, { ...table, addresses: own }, new Set(isGone ? [] : actual));
    if (left === this.#ledger) return null;
    this.#set(left);
    const known = new Set(this.addressesIn(table));
    return before.filter((one) => !known.has(one));
  }

  #set(ledger: Ledger): void {
    this.#ledger = ledger;
    this.#byTable = byTable(ledger);
  }
}

function byTable(ledger: Ledger): Map<string, readonly Address[]> {
  return new Map(ledger.map((entry) => [tableKey(entry), entry.addresses]));
}

/** What a configuration has for each of its tables. */
export function configuredIn(config: Config): Ledger {
  return config.pools.map((pool) => ({
    table: pool.table,
    anchor: pool.anchor,
    addresses: addressesOf(config, pool),
  }));
}
