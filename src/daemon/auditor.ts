import type { Config } from '../config/config.ts';
import type { HfmEvent } from '../core/event.ts';
import type { PfDriver } from '../pf/driver.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { auditSources, type CarpAddresses } from './source-audit.ts';
import { auditTables } from './table-audit.ts';

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
  config: () => Config,
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
    const { pools, backends } = config();
    const [tables, ofSources] = await Promise.all([
      auditTables(driver, pools),
      auditSources(carpAddresses, backends),
    ]);
    // A later look, after a reload, knows better.
    if (stopped || mine !== looks) return;
    // What pf does not answer, the tables' own errors tell.
    if (tables.error === null) ofTables = tables.warnings;
    const found = [...ofTables, ...ofSources];
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
