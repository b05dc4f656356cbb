import type { Config } from '../config/config.ts';
import type { HfmEvent } from '../events/event.ts';
import type { PfDriver } from '../pf/driver.ts';
import { helperWarning } from '../pf/needed-rules.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { auditSources, type CarpAddresses } from './source-audit.ts';
import { auditTables, type TableAudit } from './table-audit.ts';

/** Audits at start, at each reload, and now and then, since systems change under us. */
export interface Auditor {
  look(): void;
  readonly warnings: readonly string[];
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
  let ofTables: readonly string[] = [];
  let warnings: readonly string[] = [];
  let timer: Timer | null = null;
  let stopped = false;
  let looks = 0;
  const look = async (): Promise<void> => {
    timer?.cancel();
    looks += 1;
    const mine = looks;
    const asked = config();
    const [tables, ofSources] = await Promise.all([
      auditTables(driver, asked.pools),
      auditSources(carpAddresses, asked.backends),
    ]);
    // A later look, after a reload, knows better.
    if (stopped || mine !== looks) return;
    ofTables = warningsOf(tables, ofTables);
    const found = [helperWarning(asked) ?? [], ofTables, ofSources].flat();
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
function warningsOf({ warnings, error }: TableAudit, before: readonly string[]): readonly string[] {
  if (error === null) return warnings;
  if (error.kind === 'permission') return [...warnings, `tables not checked: ${error.message}`];
  return before;
}
