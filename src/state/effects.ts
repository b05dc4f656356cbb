import type { Config } from '../config/config.ts';
import type { Health } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import type { PoolGoal } from '../core/policy.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { HfmEvent } from '../events/event.ts';

/** What follows from a change of the state. `apply` in room `daemon` carries it out. */
export interface Effects {
  /** A new configuration; `goals` then replace all goals. Null for none. */
  readonly configured: Config | null;
  /** What tables must hold from now on. */
  readonly goals: ReadonlyMap<PoolName, PoolGoal>;
  readonly events: readonly HfmEvent[];
  readonly announcements: readonly Announcement[];
  /** Addresses that are out of their tables, whether hfm removed them or not. */
  readonly removed: readonly Removed[];
  /** `now`: on disk before anything else follows. `soon`: within seconds. */
  readonly durable: 'no' | 'soon' | 'now';
  /** Whether other checks are to be probed than before. */
  readonly jobsChanged: boolean;
  /** Pools to be decided at the end of the batch. */
  readonly changedPools: readonly PoolName[];
  /** Pools whose first round of evidence begins now. */
  readonly openedRounds: readonly PoolName[];
}

/** A change of health that actions have not been told of. */
export interface Announcement {
  readonly backend: BackendName;
  readonly from: Health;
  readonly to: 'up' | 'down';
  readonly reason: string | null;
  readonly detail: string;
}

export interface Removed {
  /** Null for a table that left the configuration. */
  readonly pool: PoolName | null;
  readonly entries: readonly TableEntry[];
}

export const NO_EFFECTS: Effects = {
  configured: null,
  goals: new Map(),
  events: [],
  announcements: [],
  removed: [],
  durable: 'no',
  jobsChanged: false,
  changedPools: [],
  openedRounds: [],
};

/** Effects while they are gathered. */
export class EffectsDraft implements Effects {
  configured: Config | null = null;
  readonly goals = new Map<PoolName, PoolGoal>();
  readonly events: HfmEvent[] = [];
  readonly announcements: Announcement[] = [];
  readonly removed: Removed[] = [];
  durable: Effects['durable'] = 'no';
  jobsChanged = false;
  readonly changedPools: PoolName[] = [];
  readonly openedRounds: PoolName[] = [];

  /** `now` outweighs `soon`. */
  save(when: 'soon' | 'now'): void {
    if (this.durable !== 'now') this.durable = when;
  }
}
