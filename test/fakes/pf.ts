import { type Address, compareAddresses, parseAddress } from '../../src/core/address.ts';
import type { TableRef } from '../../src/core/table.ts';
import type { TableEntry } from '../../src/core/table-plan.ts';
import type { PfDriver, PfErrorKind, PfResult } from '../../src/pf/driver.ts';
import type { SourceNode } from '../../src/pf/source-listing.ts';
import type { PfState } from '../../src/pf/state-listing.ts';
import type { Clock } from '../../src/sys/clock.ts';

export type PfOperation = 'show' | 'add' | 'remove' | 'replace';

/** How an operation fails. */
export type Fault =
  /** Refused, without a change. */
  | { readonly kind: 'error'; readonly error: PfErrorKind }
  /** Done, but reported as failed: pfctl is killed after the change. */
  | { readonly kind: 'done-but-error'; readonly error: PfErrorKind }
  /** Reported as done, without a change. */
  | { readonly kind: 'ignored' }
  /** No answer until `release`; then it is done. */
  | { readonly kind: 'hang' }
  /** Done after `ms`. */
  | { readonly kind: 'slow'; readonly ms: number };

/** A call of the driver. */
interface PfCall {
  readonly operation: PfOperation;
  readonly table: string;
  readonly entries: readonly TableEntry[];
  /** Monotonic time of the call. */
  readonly atMs: number;
}

/** Tables in memory that behave as in pf. Tests can switch faults on, and read all calls. */
export interface FakePf extends PfDriver {
  readonly calls: readonly PfCall[];
  /** The most operations that were ever under way at once for one table. */
  readonly mostAtOnce: number;
  /** Whether no fault is switched on and no operation is under way. */
  readonly isCalm: boolean;
  /** Makes a table, or sets what it holds, as another program would. */
  put(table: string, entries: readonly TableEntry[]): void;
  /** Destroys a table. */
  drop(table: string): void;
  /** What a table holds, in pf's order; null when there is none. */
  entries(table: string): TableEntry[] | null;
  /** Switches a fault on for an operation, or off with null; for one table, by default for all. */
  fault(operation: PfOperation | 'all', fault: Fault | null, table?: string): void;
  /** Ends the operations that hang. */
  release(): void;
  /** pf's source nodes and states. Tests set them. */
  sources: SourceNode[];
  states: PfState[];
  /** Calls `watch` after each change that hfm makes: the table, and what it held before and holds now. */
  onChange(
    watch: (table: string, before: readonly TableEntry[], after: readonly TableEntry[]) => void,
  ): void;
}

const OPERATIONS: readonly PfOperation[] = ['show', 'add', 'remove', 'replace'];

export function createFakePf(clock: Clock): FakePf {
  const tables = new Map<string, Set<TableEntry>>();
  const calls: PfCall[] = [];
  const faults = new Map<string, Fault>();
  const watchers: ((
    table: string,
    before: readonly TableEntry[],
    after: readonly TableEntry[],
  ) => void)[] = [];
  const inFlight = new Map<string, number>();
  let mostAtOnce = 0;
  let hanging: (() => void)[] = [];

  const faultOf = (operation: PfOperation, table: string): Fault | undefined =>
    faults.get(`${operation} ${table}`) ?? faults.get(`${operation} *`);

  const change = (table: string, apply: (entries: Set<TableEntry>) => void): void => {
    const before = [...(tables.get(table) ?? [])];
    const entries = new Set(before);
    apply(entries);
    tables.set(table, entries);
    for (const watch of watchers) watch(table, before, [...entries]);
  };

  const run = async <T>(
    operation: PfOperation,
    { table }: TableRef,
    entries: readonly TableEntry[],
    work: () => PfResult<T>,
    nothing: T,
  ): Promise<PfResult<T>> => {
    if (operation !== 'show' && entries.length === 0) {
      throw new Error(`pf was asked for ${operation} of no address, which empties <${table}>`);
    }
    calls.push({ operation, table, entries, atMs: clock.monotonicMs() });
    const atOnce = (inFlight.get(table) ?? 0) + 1;
    inFlight.set(table, atOnce);
    mostAtOnce = Math.max(mostAtOnce, atOnce);
    const fault = faultOf(operation, table);
    try {
      switch (fault?.kind) {
        case undefined:
          return work();
        case 'error':
          return failed(operation, table, fault.error);
        case 'done-but-error':
          work();
          return failed(operation, table, fault.error);
        case 'ignored':
          return operation === 'show' ? work() : { ok: true, value: nothing };
        case 'hang':
          await new Promise<void>((resolve) => hanging.push(resolve));
          return work();
        case 'slow':
          await new Promise<void>((resolve) => void clock.after(fault.ms, resolve));
          return work();
      }
    } finally {
      inFlight.set(table, (inFlight.get(table) ?? 1) - 1);
    }
  };

  return {
    kind: 'memory',
    calls,
    get mostAtOnce() {
      return mostAtOnce;
    },
    get isCalm() {
      return faults.size === 0 && [...inFlight.values()].every((count) => count === 0);
    },
    show: (ref) =>
      run(
        'show',
        ref,
        [],
        () => {
          const entries = tables.get(ref.table);
          if (entries === undefined) return failed('show', ref.table, 'missing-table');
          return { ok: true, value: inPfOrder(entries) };
        },
        [],
      ),
    add: (ref, addresses) =>
      run(
        'add',
        ref,
        addresses,
        () => {
          change(ref.table, (entries) => {
            // pf adds no address whose negation is in the table.
            for (const one of addresses) if (!entries.has(`!${one}`)) entries.add(one);
          });
          return done();
        },
        null,
      ),
    remove: (ref, removed) =>
      run(
        'remove',
        ref,
        removed,
        () => {
          if (!tables.has(ref.table)) return failed('remove', ref.table, 'missing-table');
          change(ref.table, (entries) => {
            for (const one of removed) entries.delete(one);
          });
          return done();
        },
        null,
      ),
    replace: (ref, replacement) =>
      run(
        'replace',
        ref,
        replacement,
        () => {
          change(ref.table, (entries) => {
            entries.clear();
            for (const one of replacement) entries.add(one);
          });
          return done();
        },
        null,
      ),
    sources: [],
    states: [],
    async tables() {
      const known = [...tables.keys()].map((table) => ({ table, isConst: false, isUsed: true }));
      return { ok: true, value: known };
    },
    async eachState(visit) {
      for (const state of this.states) visit(state);
      return done();
    },
    async endState(id) {
      const before = this.states.length;
      this.states = this.states.filter((state) => state.id !== id);
      return { ok: true, value: before - this.states.length };
    },
    async eachSource(visit) {
      for (const node of this.sources) visit(node);
      return done();
    },
    async endSourcesTo(backend) {
      const before = this.sources.length;
      this.sources = this.sources.filter((node) => node.backend !== backend);
      return { ok: true, value: before - this.sources.length };
    },
    async endSourcesOf(client) {
      this.sources = this.sources.filter((node) => node.client !== client);
      return done();
    },
    put(table, entries) {
      tables.set(table, new Set(entries));
    },
    drop(table) {
      tables.delete(table);
    },
    entries(table) {
      const entries = tables.get(table);
      return entries === undefined ? null : inPfOrder(entries);
    },
    fault(operation, fault, table = '*') {
      for (const one of operation === 'all' ? OPERATIONS : [operation]) {
        if (fault === null) faults.delete(`${one} ${table}`);
        else faults.set(`${one} ${table}`, fault);
      }
    },
    release() {
      const released = hanging;
      hanging = [];
      for (const resolve of released) resolve();
    },
    onChange(watch) {
      watchers.push(watch);
    },
  };
}

function failed(
  operation: PfOperation,
  table: string,
  kind: PfErrorKind,
): { readonly ok: false; readonly error: { kind: PfErrorKind; message: string } } {
  return { ok: false, error: { kind, message: `pfctl -t ${table} -T ${operation}: ${kind}` } };
}

function done(): PfResult<null> {
  return { ok: true, value: null };
}

/** Sorts by address, also negated entries and networks. */
function inPfOrder(entries: Iterable<TableEntry>): TableEntry[] {
  const key = (entry: TableEntry): Address => {
    const parsed = parseAddress(entry.replace(/^!/, '').replace(/\/\d+$/, ''));
    if (!parsed.ok) throw new Error(`a test put ${entry} into a table`);
    return parsed.address;
  };
  return [...entries].sort((a, b) => compareAddresses(key(a), key(b)) || (a < b ? -1 : 1));
}
