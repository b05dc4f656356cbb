import type { Auditor } from '../audit/auditor.ts';
import type { Cleanup } from '../connections/cleanup.ts';
import type { EventLog } from '../events/event-log.ts';
import type { NodeProblems } from '../events/node-problems.ts';
import type { Actions } from '../hooks/actions.ts';
import type { Prober } from '../prober/prober.ts';
import type { Batch } from '../state/batch.ts';
import type { Effects } from '../state/effects.ts';
import type { FirstRounds } from '../state/first-rounds.ts';
import type { State } from '../state/state.ts';
import type { SavedState } from '../store/state-file.ts';
import type { StateWriter } from '../store/state-writer.ts';
import type { Reconciler } from '../tables/reconciler.ts';

/** What a room has to say in `status`. */
interface Report {
  /** What is wrong now, so that `status` exits 1. */
  problems?(): readonly string[];
  /** What an operator should know, and does not keep hfm from working. */
  warnings?(): readonly string[];
}

/** The rooms of a daemon, put together and not started. */
export interface Rooms {
  readonly state: State;
  readonly batch: Batch;
  readonly firstRounds: FirstRounds;
  readonly tables: Reconciler;
  readonly cleanup: Cleanup;
  readonly actions: Actions;
  readonly auditor: Auditor;
  readonly prober: Prober;
  readonly events: EventLog;
  readonly problems: NodeProblems;
  readonly store: StateWriter;
  /** What the state file held. */
  readonly saved: SavedState;
  /** The health of each backend that actions were last told of, by name; the state file keeps it. */
  readonly announced: Map<string, 'up' | 'down'>;
  /** The rooms that have something to say in `status`, in the order in which it is shown. */
  readonly reports: readonly Report[];
  /** Carries out what follows from a change of the state. */
  readonly apply: (effects: Effects) => void;
}
