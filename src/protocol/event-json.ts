import type { HfmEvent, StampedEvent } from '../events/event.ts';
import type { EventJson } from './protocol.ts';
import { camelCase, withSnakeCase } from './snake-case.ts';

/** An event as it goes over the control socket. */
export function eventJson({ seq, atMs, event }: StampedEvent): EventJson {
  return withSnakeCase({ seq, ...event, at: new Date(atMs).toISOString() });
}

/** Reads a line of `GET /v1/events`, also one of version 0.1.0, whose keys are in camelCase only. */
export function eventOf(line: string): HfmEvent & { readonly seq: number; readonly at: string } {
  const json = Object.entries(JSON.parse(line) as Readonly<Record<string, unknown>>);
  return Object.fromEntries(json.map(([key, value]) => [camelCase(key), value])) as ReturnType<
    typeof eventOf
  >;
}
