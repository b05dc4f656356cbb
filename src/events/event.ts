import type { Address } from '../core/address.ts';
import type { Health } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import type { AdminState } from '../core/override.ts';
import type { TableLocation } from '../core/table.ts';
import type { TableEntry } from '../core/table-plan.ts';

/** Everything that an operator may want to hear of, as `hfmctl events` and the log tell it. */
export type HfmEvent =
  | {
      readonly kind: 'health';
      readonly backend: BackendName;
      readonly from: Health;
      readonly to: Health;
      /** The check whose verdict decided; null when the configuration did. */
      readonly check: string | null;
      readonly reason: string | null;
      readonly detail: string;
      /** "3 of 3": the streak against rise or fall. */
      readonly count: string | null;
      /** How long the old health had lasted. */
      readonly lastedMs: number;
    }
  | {
      /** A backend that is well asks to be drained, or (not `active`) does so no longer. */
      readonly kind: 'asks-drain';
      readonly backend: BackendName;
      readonly active: boolean;
      readonly detail: string;
    }
  | {
      readonly kind: 'admin';
      /** `lb1` or `web/lb1`. */
      readonly name: string;
      readonly from: AdminState;
      readonly to: AdminState;
      readonly by: string | null;
      readonly reason: string | null;
      readonly untilMs: number | null;
    }
  | ({
      readonly kind: 'table';
      readonly added: readonly TableEntry[];
      readonly removed: readonly TableEntry[];
      /** From the change being wanted to pf's confirmation. */
      readonly durationMs: number;
    } & TableLocation)
  | ({
      /** Somebody else changed the table; it is being put right. */
      readonly kind: 'drift';
      readonly missing: readonly TableEntry[];
      readonly surplus: readonly TableEntry[];
    } & TableLocation)
  | ({
      /** Another program keeps undoing hfm's work, or (not `active`) has stopped to. */
      readonly kind: 'contested';
      readonly active: boolean;
      readonly drifts: number;
    } & TableLocation)
  | ({ readonly kind: 'table-error'; readonly error: string } & TableLocation)
  | ({ readonly kind: 'table-ok'; readonly afterMs: number } & TableLocation)
  | {
      /** Source nodes or states that still led to an address after it had left its table. */
      readonly kind: 'ended';
      readonly pool: PoolName | null;
      readonly address: string;
      readonly what: 'sources' | 'states';
      readonly count: number;
    }
  | { readonly kind: 'warning'; readonly message: string }
  | {
      readonly kind: 'held';
      readonly pool: PoolName;
      readonly backend: BackendName;
      /** Empty when the floor lets it go. */
      readonly addresses: readonly Address[];
    }
  | { readonly kind: 'fallback'; readonly pool: PoolName; readonly inUse: boolean }
  | {
      readonly kind: 'node-problem';
      readonly problem: string;
      readonly detail: string;
      readonly active: boolean;
      readonly count: number;
    }
  | {
      readonly kind: 'action';
      readonly action: string;
      readonly backend: BackendName;
      readonly ok: boolean;
      readonly detail: string;
      readonly durationMs: number;
    }
  | { readonly kind: 'reload'; readonly ok: boolean; readonly errors: readonly string[] }
  | {
      readonly kind: 'start';
      readonly version: string;
      readonly file: string;
      readonly driver: string;
      readonly backends: number;
      readonly pools: number;
    }
  | { readonly kind: 'stop' };

/** An event with its place in time. `seq` counts from 1 at each start. */
export interface StampedEvent {
  readonly seq: number;
  readonly atMs: number;
  readonly event: HfmEvent;
}
