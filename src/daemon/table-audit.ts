import type { Config, PoolConfig } from '../config/config.ts';
import type { HfmEvent } from '../core/event.ts';
import { nearest } from '../core/nearest.ts';
import type { PfDriver, PfError } from '../pf/driver.ts';
import { helperWarning } from '../pf/needs.ts';
import type { TableInfo } from '../pf/table-listing.ts';
import type { Clock, Timer } from '../sys/clock.ts';

export interface Audit {
  /** Tables that hfm may keep true to no avail. */
  readonly warnings: readonly string[];
  /** Set when pf could not be asked. */
  readonly error: PfError | null;
}

/** Looks for tables that no rule uses, that can't be changed, or that are not there. */
export async function auditTables(driver: PfDriver, pools: readonly PoolConfig[]): Promise<Audit> {
  const warnings: string[] = [];
  for (const anchor of new Set(pools.map((pool) => pool.anchor))) {
    const listed = await driver.tables(anchor);
    // An anchor without a table in it is one that FreeBSD says does not exist.
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

/** Audits at start, at each reload, and now and then, since rulesets change under us. */
export interface Auditor {
  look(): void;
  readonly warnings: readonly string[];
  stop(): void;
}

const AUDIT_MS = 60_000;

export function createAuditor(
  { driver, clock, emit }: { driver: PfDriver; clock: Clock; emit: (event: HfmEvent) => void },
  config: () => Pick<Config, 'pf' | 'pools'>,
): Auditor {
  let warnings: readonly string[] = [];
  let ofTables: readonly string[] = [];
  let timer: Timer | null = null;
  let stopped = false;
  let looks = 0;
  const look = async (): Promise<void> => {
    timer?.cancel();
    looks += 1;
    const mine = looks;
    const asked = config();
    const audit = await auditTables(driver, asked.pools);
    // A later look, after a reload, knows better.
    if (stopped || mine !== looks) return;
    ofTables = warningsOf(audit, ofTables);
    const found = [helperWarning(asked) ?? [], ofTables].flat();
    for (const message of found) {
      if (!warnings.includes(message)) emit({ kind: 'warning', message });
    }
    warnings = found;
    timer = clock.after(AUDIT_MS, () => void look());
  };
  return {
    look: () => void look(),
    get warnings() {
      return warnings;
    },
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

/** What pf does not answer, the tables' own errors tell, but for a right that only the audit takes. */
function warningsOf({ warnings, error }: Audit, before: readonly string[]): readonly string[] {
  if (error === null) return warnings;
  if (error.kind === 'permission') return [...warnings, `tables not checked: ${error.message}`];
  return before;
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
