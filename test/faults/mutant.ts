import type { Config } from '../../src/config/config.ts';
import type { PoolName } from '../../src/core/names.ts';
import type { TableRef } from '../../src/core/table.ts';
import type { Rooms } from '../../src/daemon/rooms.ts';
import type { PfDriver, PfResult } from '../../src/pf/driver.ts';

/** hfm with one deliberate fault that the suite must find. */
export interface Mutant {
  readonly name: string;
  readonly driver?: (driver: PfDriver) => PfDriver;
  readonly config?: (config: Config) => Config;
  readonly mutate?: (rooms: Rooms) => void;
  /** Writes no state file. */
  readonly isForgetful?: boolean;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'an edge-triggered reconciler that assumes each change is made',
    driver: edgeTriggered,
  },
  {
    name: 'a worker that forgets goals that come while it is busy',
    mutate({ tables }) {
      const busy = new Set<PoolName>();
      const setGoal = tables.setGoal.bind(tables);
      tables.setGoal = (name, goal) => {
        if (busy.has(name)) return;
        busy.add(name);
        setGoal(name, goal);
        void tables.attempted([name]).then(() => busy.delete(name));
      };
    },
  },
  {
    name: 'a policy without a floor',
    config: (config) => ({
      ...config,
      pools: config.pools.map((pool) => ({ ...pool, floor: { kind: 'count', count: 0 } })),
    }),
  },
  { name: 'a reconciler that deletes before it adds', driver: deletesFirst },
  { name: 'a replace with nothing, to empty a table', driver: replacesWithNothing },
  {
    name: 'a count that takes out one failure too early',
    config: (config) => ({
      ...config,
      backends: config.backends.map((backend) => ({
        ...backend,
        checks: backend.checks.map((check) => ({ ...check, fall: check.fall - 1 })),
      })),
    }),
  },
  {
    name: 'a reconciler that does not report what it has asked of pf',
    mutate({ state }) {
      const tableRead = state.tableRead.bind(state);
      state.tableRead = (pool, reading) => tableRead(pool, { ...reading, asked: new Set() });
    },
  },
  { name: 'a ledger and overrides that no state file keeps', isForgetful: true },
  {
    name: 'a pool that is exclusive although its configuration is not',
    config: (config) => ({
      ...config,
      pools: config.pools.map((pool) => ({ ...pool, exclusive: true })),
    }),
  },
];

/** Reads pf once, then assumes that every change was made. */
function edgeTriggered(driver: PfDriver): PfDriver {
  const believed = new Map<string, Set<string>>();
  const believe = (ref: TableRef, change: (entries: Set<string>) => void): void => {
    const entries = believed.get(ref.table);
    if (entries !== undefined) change(entries);
  };
  return {
    ...driver,
    async show(ref) {
      const known = believed.get(ref.table);
      if (known !== undefined) return { ok: true, value: [...known] };
      const read = await driver.show(ref);
      if (read.ok) believed.set(ref.table, new Set(read.value));
      return read;
    },
    async add(ref, addresses) {
      await driver.add(ref, addresses);
      believe(ref, (entries) => {
        for (const one of addresses) entries.add(one);
      });
      return DONE;
    },
    async remove(ref, removed) {
      await driver.remove(ref, removed);
      believe(ref, (entries) => {
        for (const one of removed) entries.delete(one);
      });
      return DONE;
    },
  };
}

/** Reports an add as made at once, and makes it after the delete that follows, if one does. */
function deletesFirst(driver: PfDriver): PfDriver {
  const held = new Map<string, { add: Parameters<PfDriver['add']>; shown: boolean }>();
  const flush = async (ref: TableRef): Promise<void> => {
    const one = held.get(ref.table);
    held.delete(ref.table);
    if (one !== undefined) await driver.add(...one.add);
  };
  return {
    ...driver,
    async show(ref) {
      const one = held.get(ref.table);
      if (one?.shown === true) await flush(ref);
      const read = await driver.show(ref);
      if (one === undefined || one.shown || !read.ok) return read;
      held.set(ref.table, { ...one, shown: true });
      return { ok: true, value: [...read.value, ...one.add[1]] };
    },
    async add(ref, addresses) {
      await flush(ref);
      held.set(ref.table, { add: [ref, addresses], shown: false });
      return DONE;
    },
    async remove(ref, entries) {
      const removed = await driver.remove(ref, entries);
      await flush(ref);
      return removed;
    },
  };
}

function replacesWithNothing(driver: PfDriver): PfDriver {
  return {
    ...driver,
    async remove(ref, entries) {
      const read = await driver.show(ref);
      const isLast = read.ok && read.value.every((entry) => entries.includes(entry));
      return isLast ? driver.replace(ref, []) : driver.remove(ref, entries);
    },
  };
}

const DONE: PfResult<null> = { ok: true, value: null };
