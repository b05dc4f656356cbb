import { type Address, sortAddresses } from '../core/address.ts';
import type { TableRef } from '../core/table.ts';
import type { TableEntry } from '../core/table-plan.ts';
import { type PfDriver, type PfResult, tableLabel } from './driver.ts';

/** Tables in memory, to try hfm without pf. Every table exists, and is empty at first. */
export function createMemoryDriver(): PfDriver {
  const tables = new Map<string, { ref: TableRef; entries: Set<TableEntry> }>();
  const tableOf = (ref: TableRef): { entries: Set<TableEntry> } => {
    const label = tableLabel(ref);
    const table = tables.get(label) ?? { ref, entries: new Set() };
    tables.set(label, table);
    return table;
  };
  return {
    kind: 'memory',
    async show(ref) {
      return done(sortAddresses([...tableOf(ref).entries] as Address[]));
    },
    async add(ref, addresses) {
      for (const address of addresses) tableOf(ref).entries.add(address);
      return done(null);
    },
    async remove(ref, entries) {
      for (const entry of entries) tableOf(ref).entries.delete(entry);
      return done(null);
    },
    async replace(ref, entries) {
      tableOf(ref).entries = new Set(entries);
      return done(null);
    },
    async tables(anchor) {
      const known = [...tables.values()].filter(({ ref }) => ref.anchor === anchor);
      return done(known.map(({ ref }) => ({ table: ref.table, isConst: false, isUsed: true })));
    },
    async eachSource() {
      return done(null);
    },
    async endSourcesTo() {
      return done(0);
    },
    async endSourcesOf() {
      return done(null);
    },
    async eachState() {
      return done(null);
    },
    async endState() {
      return done(0);
    },
  };
}

function done<T>(value: T): PfResult<T> {
  return { ok: true, value };
}
