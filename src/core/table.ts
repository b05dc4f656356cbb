import type { PoolName } from './names.ts';

/** One pf table; `anchor` null is the main ruleset. */
export interface TableRef {
  readonly table: string;
  readonly anchor: string | null;
}

/** A table as events name it; `pool` is null for a table that left the configuration. */
export interface TableLocation extends TableRef {
  readonly pool: PoolName | null;
}

/** The same for the same table, whatever else is known of it. */
export function tableKey({ table, anchor }: TableRef): string {
  return `${anchor ?? ''}/${table}`;
}

export function isSameTable(a: TableRef, b: TableRef): boolean {
  return a.table === b.table && a.anchor === b.anchor;
}
