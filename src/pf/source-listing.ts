/** A source-tracking node: a sticky-address rule sends this client to one backend. */
export interface SourceNode {
  readonly client: string;
  /** Null for a node that only counts the client's states. */
  readonly backend: string | null;
}

/**
 * Parses a line of `pfctl -s Sources`; null for other lines, such as those that -vv adds.
 * FreeBSD: `10.0.2.2 -> 10.9.9.1 ( states 3, ...`, with 0.0.0.0 or :: for no backend.
 * OpenBSD (print_src_node): `10.0.2.2 rdr-to 10.9.9.1 ( states 3, ...`, or no arrow at all.
 */
export function parseSourceLine(line: string): SourceNode | null {
  const match = /^(\S+)(?: (?:->|rdr-to|nat-to|route-to) (\S+))? +\( states \d+/.exec(line);
  if (match === null) return null;
  const [, client = '', backend] = match;
  const isNone = backend === undefined || backend === '0.0.0.0' || backend === '::';
  return { client, backend: isNone ? null : backend };
}

/** The number in `killed 3 src nodes from 1 sources and 1 destinations`; 0 for any other text. */
export function parseKilledSources(stderr: string): number {
  return Number(/killed (\d+) src nodes/.exec(stderr)?.[1] ?? 0);
}
