import type { PoolConfig } from '../config/config.ts';
import { nearest } from '../core/nearest.ts';
import type { PfDriver, PfError } from '../pf/driver.ts';
import type { TableInfo } from '../pf/table-listing.ts';

export interface TableAudit {
  /** Tables in which hfm's work has no effect. */
  readonly warnings: readonly string[];
  /** Set when pf could not be read. */
  readonly error: PfError | null;
}

/** Warns of tables that no rule uses, that are const or that do not exist. */
export async function auditTables(
  driver: PfDriver,
  pools: readonly PoolConfig[],
): Promise<TableAudit> {
  const warnings: string[] = [];
  for (const anchor of new Set(pools.map((pool) => pool.anchor))) {
    const listed = await driver.tables(anchor);
    // FreeBSD says of an anchor without tables that it does not exist.
    const isMissing = !listed.ok && listed.error.kind === 'missing-table';
    if (!listed.ok && !isMissing) return { warnings, error: listed.error };
    const tables = listed.ok ? listed.value : [];
    for (const pool of pools) {
      if (pool.anchor !== anchor) continue;
      const warning = warningOf(pool, tables);
      if (warning !== null) warnings.push(`${pool.name}: ${warning}`);
    }
  }
  return { warnings, error: null };
}

function warningOf(pool: PoolConfig, tables: readonly TableInfo[]): string | null {
  const own = tables.find(({ table }) => table === pool.table);
  const used = tables.filter(({ isUsed }) => isUsed).map(({ table }) => table);
  const near = nearest(pool.table, used);
  const hint = near === null ? '' : `; did you mean <${near}>?`;
  const where = pool.anchor === null ? '' : ` in anchor ${pool.anchor}`;
  const name = `table <${pool.table}>${where}`;
  if (own === undefined) return pool.create ? null : `${name} does not exist${hint}`;
  if (own.isConst) return `${name} is const: pf refuses to change it`;
  return own.isUsed ? null : `${name} is used by no rule${hint}`;
}
