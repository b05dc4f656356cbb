import type { Address } from './address.ts';

/** An entry as `pfctl -T show` prints it: an address, a network, or either negated with `!`. */
export type TableEntry = string;

export interface TableGoal {
  readonly desired: ReadonlySet<Address>;
  /** Addresses that hfm may take away: its own, configured or in the ledger. */
  readonly managed: ReadonlySet<Address>;
  /** Addresses that hfm leaves as they are, also in an exclusive table. */
  readonly untouched: ReadonlySet<Address>;
  /** Whether whatever else the table holds must go. */
  readonly exclusive: boolean;
}

/** The change that makes a table hold its goal. Adds come before deletes. */
export type TableChange =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'update';
      readonly add: readonly Address[];
      readonly remove: readonly TableEntry[];
    }
  | { readonly kind: 'replace'; readonly entries: readonly TableEntry[] };

/**
 * What must change, from what the table holds. A replace never carries an empty set, because pf
 * takes that as "empty the table" also when it was a mistake: emptying is a delete by name.
 */
export function planChange(actual: readonly TableEntry[], goal: TableGoal): TableChange {
  const holds = new Set<string>(actual);
  const add = [...goal.desired].filter((address) => !holds.has(address));
  const remove = actual.filter((entry) => isSurplus(entry, goal));
  if (add.length === 0 && remove.length === 0) return { kind: 'none' };
  if (goal.exclusive) {
    const entries = [...goal.desired, ...actual.filter((entry) => isUntouched(entry, goal))];
    if (entries.length > 0) return { kind: 'replace', entries };
  }
  return { kind: 'update', add, remove };
}

function isSurplus(entry: TableEntry, goal: TableGoal): boolean {
  if (has(goal.desired, entry) || isUntouched(entry, goal)) return false;
  return goal.exclusive || has(goal.managed, entry);
}

function isUntouched(entry: TableEntry, goal: TableGoal): boolean {
  return has(goal.untouched, entry) && !has(goal.desired, entry);
}

function has(set: ReadonlySet<string>, entry: string): boolean {
  return set.has(entry);
}
