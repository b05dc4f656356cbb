import type { Health } from '../core/health.ts';
import type { AdminState } from '../core/override.ts';
import type { HfmEvent } from '../events/event.ts';
import type { WithSnakeCase } from './snake-case.ts';

/**
 * The JSON of the control socket. Times are ISO 8601 in UTC; durations are milliseconds, in keys that
 * end in `_ms`. New keys may be added; none changes its meaning.
 */
export interface StatusJson {
  readonly node: string;
  readonly version: string;
  readonly pid: number;
  readonly started_at: string;
  readonly driver: 'pfctl' | 'memory';
  readonly config: { readonly file: string; readonly sha256: string; readonly loaded_at: string };
  /** Whether there are `problems`: what is down, kept in by min_in_service, not proven, or wrong with the node. */
  readonly degraded: boolean;
  readonly problems: readonly string[];
  /** What changes no exit status, such as a table that no rule uses. */
  readonly warnings: readonly string[];
  readonly backends: readonly BackendJson[];
  readonly pools: readonly PoolJson[];
  /** Tables that left the configuration and may still hold addresses of hfm's. */
  readonly retired_tables: readonly RetiredTableJson[];
  readonly node_problems: readonly NodeProblemJson[];
  readonly engine: EngineJson;
}

export interface BackendJson {
  readonly name: string;
  readonly address: string;
  readonly health: Health;
  readonly since: string;
  /** Whether its `drain_status` asks for no new traffic. This is not the operator's drain. */
  readonly asks_drain: boolean;
  readonly admin: AdminJson;
  /** Whether it is probed at all: not in maintenance, and a check with mode = "check". */
  readonly probed: boolean;
  readonly checks: readonly CheckJson[];
  readonly pools: readonly MembershipJson[];
}

export interface AdminJson {
  readonly state: AdminState;
  readonly by: string | null;
  readonly reason: string | null;
  readonly until: string | null;
}

export interface CheckJson {
  readonly name: string;
  readonly type: 'http' | 'tcp' | 'script';
  readonly mode: 'check' | 'off' | 'down' | 'up';
  readonly health: Health;
  readonly streak: { readonly passes: number; readonly failures: number };
  readonly last: ProbeJson | null;
}

export interface ProbeJson {
  readonly verdict: 'pass' | 'fail' | 'inconclusive';
  readonly reason: string | null;
  readonly detail: string;
  readonly duration_ms: number;
  readonly at: string;
}

export interface MembershipJson {
  readonly name: string;
  readonly addresses: readonly string[];
  readonly in_service: boolean;
  /** `min_in_service` where only the pool's floor keeps it in. */
  readonly held_by: 'min_in_service' | null;
  /** Whether pf has yet to confirm that its addresses are in, or out. */
  readonly pending: boolean;
  /** The override that holds for this membership; `ready` where there is none. */
  readonly admin: AdminJson;
}

export interface PoolJson {
  readonly name: string;
  readonly table: string;
  readonly anchor: string | null;
  readonly members: number;
  readonly in_service: number;
  readonly fallback_in_use: boolean;
  /** What hfm wants of its own addresses; null until the table was read once. */
  readonly desired: readonly string[] | null;
  /** Every entry that the table held when it was last read. */
  readonly actual: readonly string[] | null;
  readonly in_sync: boolean;
  readonly confirmed_at: string | null;
  readonly error: string | null;
  /** Addresses that left the configuration, but stay in the table while too few others serve. */
  readonly kept: readonly string[];
  /** How often another program has undone hfm's work in the present conflict; 0 for no conflict. */
  readonly contested: number;
  /** Source nodes and states that led to removed addresses, and that hfmd has ended since its start. */
  readonly ended: { readonly sources: number; readonly states: number };
}

interface RetiredTableJson {
  readonly table: string;
  readonly anchor: string | null;
  readonly addresses: readonly string[];
  readonly error: string | null;
}

interface NodeProblemJson {
  readonly kind: string;
  readonly detail: string;
  readonly count: number;
  readonly since: string;
  readonly last_at: string;
}

/** In milliseconds, of the last half to whole minute. */
export interface SpreadJson {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export interface EngineJson {
  readonly started: number;
  readonly skipped: number;
  readonly inconclusive: number;
  readonly in_flight: number;
  readonly waiting: number;
  readonly watching: number;
  readonly lateness_ms: SpreadJson;
  readonly loop_delay_ms: SpreadJson;
  readonly pfctl_ms: SpreadJson;
  /** Which of these figures are bad, as a sentence; null where none is. */
  readonly trouble: string | null;
}

export interface ExplainJson {
  readonly backend: BackendJson;
  readonly require: 'all' | 'any';
  readonly checks: readonly ExplainCheckJson[];
  /** How long a run of pfctl takes: what a change of its tables adds to the worst case. */
  readonly pfctl_ms: SpreadJson;
  readonly pools: readonly ExplainPoolJson[];
}

export interface ExplainCheckJson {
  readonly name: string;
  readonly target: string;
  /** Whether its idle connection is open; null without `watch`. */
  readonly watched: boolean | null;
  readonly rise: number;
  readonly fall: number;
  readonly interval_ms: number;
  readonly fast_interval_ms: number;
  readonly down_interval_ms: number;
  readonly timeout_ms: number;
  /** The longest time from a failure of the backend until this check is down. */
  readonly worst_case_ms: number;
  /** The oldest first. */
  readonly history: readonly ProbeJson[];
}

interface ExplainPoolJson {
  readonly name: string;
  readonly in_service: boolean;
  /** Why, as a sentence part. */
  readonly why: string;
  readonly min_in_service: string;
  readonly fallback: readonly string[];
}

export interface TableJson extends PoolJson {
  /** Every address that hfm may add or delete. */
  readonly managed: readonly string[];
  /** Entries of the table that are not hfm's. */
  readonly foreign: readonly string[];
}

export interface AdminRequest {
  readonly state: AdminState;
  /** `lb1` or `web/lb1`. */
  readonly names: readonly string[];
  /** Every member of these pools, in that pool. */
  readonly pools: readonly string[];
  readonly by: string | null;
  readonly reason: string | null;
  readonly for_ms: number | null;
  /** Whether to do it even where it takes a pool below its min_in_service. */
  readonly force: boolean;
}

export interface AdminResponse {
  /** The backends and memberships that were set, as `lb1` or `web/lb1`. */
  readonly names: readonly string[];
}

export interface CheckNowJson {
  readonly name: string;
  readonly results: readonly ({ readonly check: string } & ProbeJson)[];
}

export interface StatesJson {
  readonly name: string;
  /** Connections of clients that are still open to the member. */
  readonly open: number;
  /** Clients whose new connections pf still sends there; null where kill_sources is "never" or pf may not be asked. */
  readonly sticky: number | null;
}

export interface KillJson {
  readonly name: string;
  readonly killed: number;
  /** States that are left for another call. */
  readonly left: number;
}

export interface ReloadJson {
  readonly notes: readonly string[];
  /** Only in the answer to a plan. */
  readonly tables?: readonly TablePlanJson[];
}

export interface TablePlanJson {
  readonly pool: string | null;
  readonly table: string;
  readonly anchor: string | null;
  readonly operation: 'none' | 'update' | 'replace';
  readonly add: readonly string[];
  readonly remove: readonly string[];
  readonly error: string | null;
}

/** What hfmd, and so each of its scripts, runs as. */
export interface ProcessJson {
  readonly pid: number;
  readonly uid: number;
  readonly gid: number;
  readonly groups: readonly number[];
  readonly cwd: string;
  /** The path of its configuration. */
  readonly file: string;
}

export interface VersionJson {
  readonly version: string;
  readonly node: string;
}

export interface ErrorJson {
  readonly error: string;
  /** Only for a configuration: all its errors, one line each. */
  readonly errors?: readonly string[];
}

export type EventJson = WithSnakeCase<HfmEvent> & { readonly seq: number; readonly at: string };
