/** A line of `pfctl -v -s Tables`. */
export interface TableInfo {
  readonly table: string;
  /** Whether only a ruleset can change it: pf refuses add, delete, replace and flush. */
  readonly isConst: boolean;
  /** Whether a rule names it, in its own ruleset or in an anchor below that. */
  readonly isUsed: boolean;
}

/**
 * Parses a line such as `-pa-rh-<TAB>web`; null for other lines, such as those that -vv adds. In an
 * anchor, FreeBSD adds a tab and the anchor, and OpenBSD writes `web@anchor`. The flags are c const,
 * p persist, a active, i inactive, r used by a rule, h used from an anchor, C counters.
 */
export function parseTableLine(line: string): TableInfo | null {
  const match = /^([cpairhC-]{6,7})\t([^\s@]+)(?:@\S+|\t\S+)?$/.exec(line);
  if (match === null) return null;
  const [, flags = '', table = ''] = match;
  return { table, isConst: flags.includes('c'), isUsed: /[rh]/.test(flags) };
}
