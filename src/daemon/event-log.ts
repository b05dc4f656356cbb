import type { HfmEvent, StampedEvent } from '../core/event.ts';
import type { Clock } from '../sys/clock.ts';

/** The last events, and whoever follows them. */
export interface EventLog {
  emit(event: HfmEvent): void;
  /** The oldest first. */
  recent(): readonly StampedEvent[];
  /** Calls `listener` for each event from now on, until the returned function is called. */
  follow(listener: (event: StampedEvent) => void): () => void;
}

const CAPACITY = 1000;

export function createEventLog(clock: Clock): EventLog {
  let events: StampedEvent[] = [];
  let seq = 0;
  const listeners = new Set<(event: StampedEvent) => void>();
  return {
    emit(event) {
      seq += 1;
      const stamped = { seq, atMs: clock.wallMs(), event };
      events.push(stamped);
      if (events.length >= 2 * CAPACITY) events = events.slice(-CAPACITY);
      for (const listener of listeners) listener(stamped);
    },
    recent: () => events.slice(-CAPACITY),
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
