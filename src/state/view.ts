import type { BackendConfig, CheckConfig, Config, PoolConfig } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import type { Health, Streak } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import type { Overrides } from '../core/override.ts';
import type { PoolOutcome } from '../core/policy.ts';
import type { ProbeHistory } from '../core/probe-history.ts';
import type { TableEntry } from '../core/table-plan.ts';

/** Everything that hfmd knows of its backends and pools, for reading. `State` alone writes it. */
export interface StateView {
  readonly config: Config;
  readonly backends: ReadonlyMap<BackendName, BackendView>;
  readonly pools: ReadonlyMap<PoolName, PoolView>;
  readonly overrides: Overrides;
}

export interface BackendView {
  readonly config: BackendConfig;
  readonly checks: readonly CheckView[];
  readonly health: Health;
  /** Wall and monotonic time of the last change of health. */
  readonly sinceMs: number;
  readonly sinceMonotonicMs: number;
  /** Monotonic time at which it was last known good; -Infinity for never. */
  readonly lastGoodMs: number;
  /** The last health that actions were told of, also before a restart. */
  readonly announced: Exclude<Health, 'unknown'> | null;
  /** Whether it served somewhere when the configuration in force took over. */
  readonly served: boolean;
}

export interface CheckView {
  readonly config: CheckConfig;
  readonly streak: Streak;
  /** Whether its last answer that counted asked for the backend to be drained. */
  readonly asksDrain: boolean;
  readonly history: Pick<ProbeHistory, 'last' | 'all'>;
}

export interface PoolView {
  readonly config: PoolConfig;
  readonly members: readonly Member[];
  /** Every address that it may put into its table, in pf's order. */
  readonly configured: ReadonlySet<Address>;
  /** What the table held when it was last read; null until it was read once. */
  readonly actual: ReadonlySet<TableEntry> | null;
  /** What pf was told to put in or take out since then: the table may hold it or not. */
  readonly asked: ReadonlySet<TableEntry>;
  /** What was last decided, its `desired` in pf's order; null as long as `actual` is. */
  readonly outcome: PoolOutcome | null;
  /** Monotonic time from which removals no longer wait for the first round of evidence. */
  readonly roundEndsMs: number;
}

/** A backend in a pool, with the addresses that it has there. */
export interface Member {
  readonly backend: BackendView;
  readonly addresses: readonly Address[];
}
