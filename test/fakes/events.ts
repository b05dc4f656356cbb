import type { HfmEvent } from '../../src/events/event.ts';

/** Keeps every event. Units get `emit`. */
export interface RecordedEvents {
  readonly all: HfmEvent[];
  readonly emit: (event: HfmEvent) => void;
  /** The events of one kind, the oldest first. */
  of<K extends HfmEvent['kind']>(kind: K): Extract<HfmEvent, { kind: K }>[];
}

export function recordEvents(): RecordedEvents {
  const all: HfmEvent[] = [];
  return {
    all,
    emit: (event) => void all.push(event),
    of: <K extends HfmEvent['kind']>(kind: K) =>
      all.filter((event): event is Extract<HfmEvent, { kind: K }> => event.kind === kind),
  };
}
