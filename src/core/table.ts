import type { PoolName } from './names.ts';

/** Identifies a pf table; `anchor` null is the main ruleset. */
export interface TableRef {
  readonly table: string;
  readonly anchor: string | null;
}

/** A table as events name it; `pool` is null for a table that is no longer configured. */
export interface TableLocation extends TableRef {
  readonly pool: PoolName | null;
}

/** A map key: equal for the same table, whatever other fields the object has. */
export function tableKey({ table, anchor }: TableRef): string {
  return `${anchor ?? ''}/${table}`;
}

export function isSameTable(a: TableRef, b: TableRef): boolean {
  return a.table === b.table && a.anchor === b.anchor;
}
