import { tasksLeftOver } from '../connections/cleanup-rules.ts';
import { type Clock, type Timer, within } from '../sys/clock.ts';
import type { Rooms } from './rooms.ts';

/** The longest wait for the first readings of tables before probes begin. */
const FIRST_READING_MS = 1000;
const HOUSEKEEPING_MS = 1000;

/** Starts the rooms: tables are read first, then probes begin. Resolves when they have begun. */
export async function startRooms(rooms: Rooms, clock: Clock): Promise<void> {
  const { state, tables, store, cleanup, prober } = rooms;
  const { view } = state;
  cleanup.add(tasksLeftOver(view, rooms.saved.unreleased));
  tables.configure(view.config, new Map());
  // The ledger must be on disk before the first table is touched.
  store.save();
  const reading = within(tables.attempted(view.pools.keys()), clock, FIRST_READING_MS);
  await Promise.all([prober.ready, reading]);
  rooms.apply(state.start());
  rooms.auditor.run();
  prober.update();
}

/** Ends overrides and node problems whose time is over, once a second, until it is stopped. */
export function keepHouse({ state, problems, apply }: Rooms, clock: Clock): { stop(): void } {
  let timer: Timer;
  const run = (): void => {
    apply(state.expire());
    problems.sweep();
    timer = clock.after(HOUSEKEEPING_MS, run);
  };
  timer = clock.after(HOUSEKEEPING_MS, run);
  return { stop: () => timer.cancel() };
}

/** Stops probing and leaves the tables as they are. Resolves when nothing is in flight. */
export async function stopRooms(rooms: Rooms): Promise<void> {
  rooms.auditor.stop();
  await rooms.prober.stop();
  rooms.batch.stop();
  rooms.firstRounds.stop();
  await Promise.all([rooms.actions.stop(), rooms.tables.stop(), rooms.cleanup.stop()]);
  rooms.store.stop();
}
