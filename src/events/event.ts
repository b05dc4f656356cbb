import { CATALOGUE, type EventLevel, type Kind } from './catalogue.ts';

type Catalogue = typeof CATALOGUE;
type KindName = keyof Catalogue;
type Fields = { readonly [K in KindName]: Readonly<Parameters<Catalogue[K]['text']>[0]> };
type EventOf<K extends KindName> = { readonly [P in K]: { readonly kind: P } & Fields[P] }[K];

/** Everything that an operator may want to hear of. `catalogue.ts` has the kinds. */
export type HfmEvent = EventOf<KindName>;

/** An event with its place in time. `seq` counts from 1 at each start. */
export interface StampedEvent {
  readonly seq: number;
  readonly atMs: number;
  readonly event: HfmEvent;
}

/** The event as one line for people; the log and `hfmctl events` show the same. */
export function eventText<K extends KindName>(event: EventOf<K>): string {
  return KINDS[event.kind].text(event);
}

export function eventLevel<K extends KindName>(event: EventOf<K>): EventLevel {
  const { level } = KINDS[event.kind];
  return typeof level === 'function' ? level(event) : level;
}

/** The catalogue in the one type that lets the compiler pair an event with its kind. */
const KINDS: { readonly [K in KindName]: Kind<Fields[K]> } = CATALOGUE;
