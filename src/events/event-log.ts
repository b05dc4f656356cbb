import type { Clock } from '../sys/clock.ts';
import type { HfmEvent, StampedEvent } from './event.ts';

/** Keeps the last events and passes each new one to its followers. */
export interface EventLog {
  emit(event: HfmEvent): void;
  /** The oldest first. */
  recent(): readonly StampedEvent[];
  /** Calls `listener` for each event from now on, until the returned function is called. */
  follow(listener: (event: StampedEvent) => void): () => void;
}

const CAPACITY = 1000;

export function createEventLog(clock: Clock): EventLog {
  /** A ring, so that thousands of events at once move nothing. */
  const ring = Array.from<StampedEvent | null>({ length: CAPACITY }).fill(null);
  let seq = 0;
  const listeners = new Set<(event: StampedEvent) => void>();
  return {
    emit(event) {
      seq += 1;
      const stamped = { seq, atMs: clock.wallMs(), event };
      ring[seq % CAPACITY] = stamped;
      for (const listener of listeners) listener(stamped);
    },
    recent() {
      const oldest = (seq + 1) % CAPACITY;
      return [...ring.slice(oldest), ...ring.slice(0, oldest)].filter((one) => one !== null);
    },
    follow(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
