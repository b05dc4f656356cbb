import type { Address } from './address.ts';
import { isSameTable, type TableRef, tableKey } from './table.ts';

/** The addresses of one table that hfm may delete again. */
export interface LedgerEntry extends TableRef {
  readonly addresses: readonly Address[];
}

/** What hfm may have put into tables, outliving restarts and reloads. */
export type Ledger = readonly LedgerEntry[];

/**
 * The ledger once a configuration takes over: its addresses, and those that an earlier one left
 * behind, which must leave the tables. It is written to disk before any table is touched.
 */
export function takeOver(ledger: Ledger, configured: Ledger): Ledger {
  const merged = new Map(configured.map((entry) => [tableKey(entry), entry]));
  for (const entry of ledger) {
    const key = tableKey(entry);
    const own = merged.get(key);
    const addresses = new Set([...(own?.addresses ?? []), ...entry.addresses]);
    merged.set(key, { ...entry, addresses: [...addresses] });
  }
  return [...merged.values()];
}

/**
 * The ledger after a table was seen (`seen`) without some addresses that are not configured for it any
 * more: without those. The same ledger when that changes nothing.
 */
export function forget(ledger: Ledger, configured: LedgerEntry, seen: ReadonlySet<string>): Ledger {
  const entry = entryOf(ledger, configured);
  if (entry === undefined) return ledger;
  const known = new Set(configured.addresses);
  const addresses = entry.addresses.filter((one) => known.has(one) || seen.has(one));
  if (addresses.length === entry.addresses.length && addresses.length > 0) return ledger;
  const others = ledger.filter((one) => one !== entry);
  return addresses.length === 0 ? others : [...others, { ...entry, addresses }];
}

export function entryOf(ledger: Ledger, table: TableRef): LedgerEntry | undefined {
  return ledger.find((entry) => isSameTable(entry, table));
}
