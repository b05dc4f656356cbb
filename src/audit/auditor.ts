import type { Config } from '../config/config.ts';
import type { HfmEvent } from '../events/event.ts';
import type { PfDriver } from '../pf/driver.ts';
import { helperWarning } from '../pf/needed-rules.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { auditSources, type CarpAddresses } from './source-audit.ts';
import { auditTables, type TableAudit } from './table-audit.ts';

/** Looks for what is wrong around hfm: when it is told to, and every minute, since systems change. */
export interface Auditor {
  run(): void;
  warnings(): readonly string[];
  stop(): void;
}

export interface AuditorDeps {
  readonly driver: PfDriver;
  readonly carpAddresses: CarpAddresses;
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
}

const AUDIT_MS = 60_000;

export function createAuditor(
  { driver, carpAddresses, clock, emit }: AuditorDeps,
  config: () => Pick<Config, 'pf' | 'pools' | 'backends'>,
): Auditor {
  let tableWarnings: readonly string[] = [];
  let warnings: readonly string[] = [];
  let timer: Timer | null = null;
  let stopped = false;
  let runs = 0;
  const run = async (): Promise<void> => {
    timer?.cancel();
    runs += 1;
    const thisRun = runs;
    const audited = config();
    const [tables, sourceWarnings] = await Promise.all([
      auditTables(driver, audited.pools),
      auditSources(carpAddresses, audited.backends),
    ]);
    // A later run, after a reload, has the newer configuration.
    if (stopped || thisRun !== runs) return;
    tableWarnings = tableWarningsOf(tables, tableWarnings);
    const found = [helperWarning(audited) ?? [], tableWarnings, sourceWarnings].flat();
    for (const message of found) {
      if (!warnings.includes(message)) emit({ kind: 'warning', message });
    }
    warnings = found;
    timer = clock.after(AUDIT_MS, () => void run());
  };
  return {
    run: () => void run(),
    warnings: () => warnings,
    stop() {
      stopped = true;
      timer?.cancel();
    },
  };
}

/**
 * Where pf can't be read, the tables have errors of their own, so the warnings stay as they were. A
 * missing right is a warning: it may be one that only the audit needs.
 */
function tableWarningsOf(
  { warnings, error }: TableAudit,
  before: readonly string[],
): readonly string[] {
  if (error === null) return warnings;
  if (error.kind === 'permission') return [...warnings, `tables not checked: ${error.message}`];
  return before;
}
