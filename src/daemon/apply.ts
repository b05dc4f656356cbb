import { cleanupTasks } from '../connections/cleanup-rules.ts';
import { type Effects, NO_EFFECTS } from '../state/effects.ts';
import type { Rooms } from './rooms.ts';

/** Carries out what follows from a change of the state. It is the one place where the rooms meet. */
export function applyEffects(rooms: Rooms, effects: Effects): void {
  if (effects === NO_EFFECTS) return;
  const { state, tables, store } = rooms;
  if (effects.configured === null) {
    for (const [pool, goal] of effects.goals) tables.setGoal(pool, goal);
  } else {
    tables.configure(effects.configured, effects.goals);
  }
  // No table is touched before this turn of the loop is over.
  if (effects.durable === 'now' || effects.configured !== null) store.save();
  for (const event of effects.events) rooms.events.emit(event);
  for (const { pool, entries } of effects.removed) {
    rooms.cleanup.add(cleanupTasks(state.view, pool, entries));
  }
  let isToBeSaved = effects.durable === 'soon' && effects.configured === null;
  for (const announcement of effects.announcements) {
    const backend = state.view.backends.get(announcement.backend);
    if (backend === undefined) continue;
    rooms.actions.run(backend.config, announcement);
    // Not before: if hfmd is killed until then, the next start announces it again.
    rooms.announced.set(announcement.backend, announcement.to);
    isToBeSaved = true;
  }
  if (isToBeSaved) store.saveSoon();
  for (const pool of effects.openedRounds) rooms.firstRounds.open(pool);
  if (effects.changedPools.length > 0) rooms.batch.add(effects.changedPools);
  if (effects.configured !== null) rooms.auditor.run();
  if (effects.jobsChanged) rooms.prober.update();
}
