import type { Address } from '../core/address.ts';
import type { TableRef } from '../core/table.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { SourceNode } from './source-listing.ts';
import type { PfState } from './state-listing.ts';
import type { TableInfo } from './table-listing.ts';

/** Why pf could not be read or changed; `unexpected-output` is what pfctl never prints. */
export type PfErrorKind =
  | 'missing-table'
  | 'const-table'
  | 'permission'
  | 'missing-program'
  | 'missing-device'
  | 'hung'
  | 'killed'
  | 'unexpected-output'
  | 'refused'
  | 'not-accepted';

export interface PfError {
  readonly kind: PfErrorKind;
  /** One line that begins with the command: `pfctl -t web -T add -f - exited 255: ...`. */
  readonly message: string;
}

export type PfResult<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: PfError };

/** What hfm needs from pf. No promise rejects because of pf; each call has a deadline of its own. */
export interface PfDriver {
  readonly kind: 'pfctl' | 'memory';
  /** All entries of the table, also those that are not hfm's. */
  show(ref: TableRef): Promise<PfResult<readonly TableEntry[]>>;
  /** Adds at least one address. pf creates a missing table. */
  add(ref: TableRef, addresses: readonly Address[]): Promise<PfResult<null>>;
  remove(ref: TableRef, entries: readonly TableEntry[]): Promise<PfResult<null>>;
  /** Replaces the contents in one step by at least one entry; without any, pf would empty the table. */
  replace(ref: TableRef, entries: readonly TableEntry[]): Promise<PfResult<null>>;
  /** Calls `visit` for each state. With `ids` each state has its id, which costs pfctl more. */
  eachState(visit: (state: PfState) => void, options: { ids: boolean }): Promise<PfResult<null>>;
  /** The tables of an anchor, or of the main ruleset, and whether rules use them. */
  tables(anchor: string | null): Promise<PfResult<readonly TableInfo[]>>;
  /** Calls `visit` for each source-tracking node. */
  eachSource(visit: (node: SourceNode) => void): Promise<PfResult<null>>;
  /** Ends the nodes that lead to a backend; returns how many pf says that it ended. */
  endSourcesTo(backend: string): Promise<PfResult<number>>;
  /** Ends all nodes of one client, whatever backend they lead to. */
  endSourcesOf(client: string): Promise<PfResult<null>>;
  /** Ends one state by its `ID/CREATOR`; returns 1, or 0 when the state is gone already. */
  endState(id: string): Promise<PfResult<number>>;
}

export function tableLabel({ table, anchor }: TableRef): string {
  return anchor === null ? `<${table}>` : `<${table}> in anchor ${anchor}`;
}
