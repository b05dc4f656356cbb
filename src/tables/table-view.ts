import type { TableLocation } from '../core/table.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { PfError } from '../pf/driver.ts';

/** What is known of a table now. */
export interface TableView {
  /** What it held when it was last read; null before the first reading. */
  readonly actual: readonly TableEntry[] | null;
  /** What pf was told to add or delete since the last reading: the table may hold it or not. */
  readonly asked: ReadonlySet<TableEntry>;
  /** Whether the last reading showed the goal, and the goal has not changed since. */
  readonly inSync: boolean;
  /** Wall time of the last reading that showed the goal. */
  readonly confirmedAtMs: number | null;
  /** Why the last attempt failed; `actual` proves nothing of now as long as it is set. */
  readonly error: PfError | null;
  /** How often another program has undone hfm's work in the conflict that is on; 0 for none. */
  readonly contested: number;
}

export const UNREAD_VIEW: TableView = {
  actual: null,
  asked: new Set(),
  inSync: false,
  confirmedAtMs: null,
  error: null,
  contested: 0,
};

/** News of a table: a reading, a failure, or a change that pf is about to be told. */
export interface ViewUpdate {
  readonly view: TableView;
  /** Entries that pf has shown to be gone from the table since the last update. */
  readonly removed: readonly TableEntry[];
  /** Whether the table could not be proven before, and is now. */
  readonly healed: boolean;
}

export interface TableUpdate extends ViewUpdate {
  readonly table: TableLocation;
  /** Whether the ledger has changed: it must be on disk before the next table is touched. */
  readonly ledgerChanged: boolean;
}
