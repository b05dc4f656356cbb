import type { Log } from '../sys/log.ts';
import { eventLevel, eventText, type HfmEvent } from './event.ts';

/** Writes an event to the log: one line, its fields fixed. */
export function logEvent(log: Log, event: HfmEvent): void {
  // A thousand events may come at once: the sentence is made when the line is written.
  log.later(eventLevel(event), () => {
    const { kind, ...fields } = event;
    return [{ event: kind, ...fields }, eventText(event)];
  });
}
