import type { Address } from '../core/address.ts';
import type { TableRef } from '../core/table.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { SourceNode } from './source-listing.ts';
import type { PfState } from './state-listing.ts';
import type { TableInfo } from './table-listing.ts';

/** Why pf could not be read or changed. */
export type PfErrorKind =
  | 'missing-table'
  | 'const-table'
  | 'permission'
  | 'missing-program'
  | 'missing-device'
  | 'hung'
  | 'killed'
  | 'babble'
  | 'refused'
  | 'not-accepted';

export interface PfError {
  readonly kind: PfErrorKind;
  /** One line with what was being done: `pfctl -t web -T add -f - exited 255: ...`. */
  readonly message: string;
}

export type PfResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: PfError };

/** What hfm needs of pf. Nothing rejects; each call has a deadline of its own. */
export interface PfDriver {
  readonly kind: 'pfctl' | 'memory';
  /** Every entry of the table, hfm's or not. */
  show(ref: TableRef): Promise<PfResult<readonly TableEntry[]>>;
  /** Makes a table that is missing. At least one address. */
  add(ref: TableRef, addresses: readonly Address[]): Promise<PfResult<null>>;
  remove(ref: TableRef, entries: readonly TableEntry[]): Promise<PfResult<null>>;
  /** Swaps the whole contents in one step. At least one entry: pf takes none as "empty it". */
  replace(ref: TableRef, entries: readonly TableEntry[]): Promise<PfResult<null>>;
  /** Calls `visit` for each state that pf tracks; with `ids` each has its id, at some cost. */
  eachState(visit: (state: PfState) => void, options: { ids: boolean }): Promise<PfResult<null>>;
  /** The tables of an anchor, or of the main ruleset, and whether rules use them. */
  tables(anchor: string | null): Promise<PfResult<readonly TableInfo[]>>;
  /** Calls `visit` for each source-tracking node. */
  eachSource(visit: (node: SourceNode) => void): Promise<PfResult<null>>;
  /** Ends the nodes of all clients that point at a backend; how many pf says they were. */
  endSourcesTo(backend: string): Promise<PfResult<number>>;
  /** Ends every node of one client, in whatever pool. */
  endSourcesOf(client: string): Promise<PfResult<null>>;
  /** Ends one state by its `ID/CREATOR`: 1, or 0 for one that is gone already. */
  endState(id: string): Promise<PfResult<number>>;
}

export function tableLabel({ table, anchor }: TableRef): string {
  return anchor === null ? `<${table}>` : `<${table}> in anchor ${anchor}`;
}
