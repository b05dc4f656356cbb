/** One line of `pfctl -v -s Tables`. */
export interface TableInfo {
  readonly table: string;
  /** Only a ruleset can change it: add, delete, replace and flush are refused. */
  readonly isConst: boolean;
  /** Whether a rule names it, in its own ruleset or in an anchor below. */
  readonly isUsed: boolean;
}

/**
 * Reads a line such as `-pa-rh-<TAB>web`; null for any other, as those that -vv adds. In an anchor,
 * FreeBSD adds a tab and the anchor, and OpenBSD writes `web@anchor`. The flags are c const,
 * p persist, a active, i inactive, r used by a rule, h used from an anchor, C counters.
 */
export function parseTableLine(line: string): TableInfo | null {
  const match = /^([cpairhC-]{6,7})\t([^\s@]+)(?:@\S+|\t\S+)?$/.exec(line);
  if (match === null) return null;
  const [, flags = '', table = ''] = match;
  return { table, isConst: flags.includes('c'), isUsed: /[rh]/.test(flags) };
}
