import { type Address, compareAddresses } from '../core/address.ts';
import type { TableEntry } from '../core/table-plan.ts';
import { type PfDriver, type PfResult, type TableRef, tableLabel } from './driver.ts';

/** Embedded tables, to try hfm without pf. Every table that is asked for exists, and is empty at first. */
export function createMemoryDriver(): PfDriver {
  const tables = new Map<string, Set<TableEntry>>();
  const contents = (ref: TableRef): Set<TableEntry> => {
    const label = tableLabel(ref);
    const table = tables.get(label) ?? new Set();
    tables.set(label, table);
    return table;
  };
  return {
    kind: 'memory',
    async show(ref) {
      return done([...contents(ref)].sort((a, b) => compareAddresses(a as Address, b as Address)));
    },
    async add(ref, addresses) {
      for (const address of addresses) contents(ref).add(address);
      return done(null);
    },
    async remove(ref, entries) {
      for (const entry of entries) contents(ref).delete(entry);
      return done(null);
    },
    async replace(ref, entries) {
      tables.set(tableLabel(ref), new Set(entries));
      return done(null);
    },
    async eachState() {
      return done(null);
    },
    async endState() {
      return done(null);
    },
  };
}

function done<T>(value: T): PfResult<T> {
  return { ok: true, value };
}
