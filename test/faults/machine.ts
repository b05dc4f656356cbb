import type { PfDriver } from '../../src/pf/driver.ts';
import type { SourceNode } from '../../src/pf/source-listing.ts';
import type { Clock } from '../../src/sys/clock.ts';
import { createFakePf, type Fault as FakeFault } from '../fakes/pf.ts';
import type { Table } from './shape.ts';
import type { Fault, FaultKind } from './step.ts';

/** A firewall's pf: the driver for hfm, and what others change in pf. */
export interface Machine {
  readonly driver: PfDriver;
  /** What a table holds; null when there is none. */
  entries(table: Table): readonly string[] | null;
  put(table: Table, entries: readonly string[]): void;
  drop(table: Table): void;
  sources(): readonly SourceNode[];
  addSource(node: SourceNode): void;
  /** Sets the fault from now on, or none. Calls that hang now end. */
  fault(fault: Fault | null): void;
  /** Ends the calls that hang now: the hfmd that waited for them has ended. */
  release(): void;
  /** Resolves when no call is under way, except those that wait for the clock. */
  idle(): Promise<void>;
  close(): void;
}

export const SLOW_MS = 1500;
/** The real driver's deadline for a table. */
export const HUNG_MS = 4000;

/** Tables in memory. */
export function createFakeMachine(clock: Clock): Machine {
  const pf = createFakePf(clock);
  let sourceFault: FaultKind | null = null;
  const failing = <T>(work: () => T): T | Promise<Refusal> => {
    if (sourceFault === null) return work();
    const kind = sourceFault === 'hang' ? 'hung' : 'refused';
    return Promise.resolve({ ok: false, error: { kind, message: 'sources: refused' } });
  };
  const driver: PfDriver = {
    ...pf,
    tables: pf.tables,
    eachSource: (visit) => failing(() => pf.eachSource(visit)),
    endSourcesTo: (backend) => failing(() => pf.endSourcesTo(backend)),
    endSourcesOf: (client) => failing(() => pf.endSourcesOf(client)),
    // The spread would bind them to `driver`: they must read `pf.states`, which tests set.
    eachState: (visit, options) => pf.eachState(visit, options),
    endState: (id) => pf.endState(id),
  };
  return {
    driver,
    entries: (table) => pf.entries(table),
    put: (table, entries) => pf.put(table, entries),
    drop: (table) => pf.drop(table),
    sources: () => pf.sources,
    addSource: (node) => void pf.sources.push(node),
    fault(fault) {
      pf.fault('all', null);
      pf.release();
      sourceFault = fault?.on === 'sources' || fault?.on === 'all' ? fault.kind : null;
      if (fault !== null && fault.on !== 'sources') pf.fault(fault.on, fakeFault(fault.kind));
    },
    release: () => pf.release(),
    idle: () => Promise.resolve(),
    close() {},
  };
}

type Refusal = {
  readonly ok: false;
  readonly error: { readonly kind: 'hung' | 'refused'; readonly message: string };
};

function fakeFault(kind: FaultKind): FakeFault {
  switch (kind) {
    case 'killed-after':
      return { kind: 'done-but-error', error: 'killed' };
    case 'ignored':
    case 'hang':
      return { kind };
    case 'slow':
      return { kind, ms: SLOW_MS };
    case 'permission':
    case 'missing-device':
    case 'refused':
    case 'killed':
    case 'unexpected-output':
      return { kind: 'error', error: kind };
  }
}
