import type { PoolConfig } from '../config/config.ts';
import type { PoolName } from '../core/names.ts';

/** What is to be ended for an address that has left a table. */
export interface CleanupTask {
  /** Null for a table that left the configuration. */
  readonly pool: PoolName | null;
  readonly address: string;
  readonly sources: PoolConfig['killSources'];
  /** Whether its connections are to be ended too. */
  readonly endStates: boolean;
}

/** What may be ended for an address that has left a table, as things are now. */
export interface CleanupRules {
  /** Whether it is still out of its table. */
  isOut(task: CleanupTask): boolean;
  /** `once`: another pool sends clients to it all the time, so some of them always remain. */
  releaseOf(task: CleanupTask): 'all' | 'once' | 'none';
  /** `not-yet`: ask again, as another table may still have the address. */
  mayEndStates(task: CleanupTask): 'yes' | 'no' | 'not-yet';
}
