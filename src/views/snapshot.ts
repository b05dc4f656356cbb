import type { Address } from '../core/address.ts';
import type { PoolName } from '../core/names.ts';
import type { TableRef } from '../core/table.ts';
import type { Daemon } from '../daemon/daemon.ts';
import type { EngineStats } from '../metrics/engine-meter.ts';
import type { BackendView, CheckView, StateView } from '../state/view.ts';
import type { TableView } from '../tables/table-view.ts';

/**
 * Everything that one answer needs, as it was in one turn of the loop. The answer may then be written
 * out slowly, and its parts still agree with each other.
 */
export interface Snapshot {
  readonly state: StateView;
  readonly tables: ReadonlyMap<PoolName, TableSnapshot>;
  readonly retired: readonly RetiredTable[];
  readonly nodeProblems: Daemon['nodeProblems'];
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly counts: Daemon['prober']['counts'];
  readonly stats: EngineStats;
}

interface TableSnapshot {
  readonly view: TableView;
  /** What the ledger has of hfm's in the table. */
  readonly managed: readonly Address[];
  /** What the table holds of hfm's that the configuration does not have any more. */
  readonly kept: readonly Address[];
  readonly ended: { readonly sources: number; readonly states: number };
}

interface RetiredTable {
  readonly ref: TableRef;
  readonly addresses: readonly Address[];
  readonly error: string | null;
}

export function takeSnapshot(daemon: Daemon): Snapshot {
  const { view, tables, ended, prober, meter } = daemon;
  return {
    state: copyOf(view),
    tables: new Map(
      [...view.pools].map(([name, { config }]) => [
        name,
        {
          view: tables.viewOf(config),
          managed: tables.leftIn(config),
          kept: tables.keptIn(config),
          ended: ended.endedOf(name),
        },
      ]),
    ),
    retired: tables.retired.map(({ config: { ref }, view: { error } }) => ({
      ref,
      addresses: tables.leftIn(ref),
      error: error?.message ?? null,
    })),
    nodeProblems: daemon.nodeProblems,
    problems: daemon.problems(),
    warnings: daemon.warnings(),
    counts: prober.counts,
    stats: meter.stats,
  };
}

/** Copies what is written in place. What is replaced as a whole, such as a streak, needs no copy. */
function copyOf({ config, backends, pools, overrides }: StateView): StateView {
  return {
    config,
    backends: new Map([...backends].map(([name, backend]) => [name, copyOfBackend(backend)])),
    pools: new Map([...pools].map(([name, pool]) => [name, { ...pool }])),
    overrides,
  };
}

function copyOfBackend(backend: BackendView): BackendView {
  return { ...backend, checks: backend.checks.map(copyOfCheck) };
}

/** Status shows the last probe; `explain` reads the others of one backend. */
function copyOfCheck(check: CheckView): CheckView {
  const { last } = check.history;
  return { ...check, history: { last, all: () => (last === null ? [] : [last]) } };
}
