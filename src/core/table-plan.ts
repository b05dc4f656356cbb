import { type Address, FAMILIES, type Family } from './address.ts';

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
  /** Addresses that leave by the operator's word. */
  readonly dismissed: ReadonlySet<Address>;
  /** Members that may stay in the place of what pf refuses to take, the first before the next. */
  readonly reserve: readonly Address[];
  /** How many of `desired` must serve, of each family, before what else serves may leave. */
  readonly least: ReadonlyMap<Family, number>;
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

/** The goal of a table that is nobody's any more: hfm takes away what is its own. */
export function emptying(managed: Iterable<Address>): TableGoal {
  return {
    desired: new Set(),
    managed: new Set(managed),
    untouched: new Set(),
    exclusive: false,
    dismissed: new Set(),
    reserve: [],
    least: new Map(),
  };
}

/** How a table differs from its goal. */
export interface TableDifference {
  readonly missing: readonly Address[];
  readonly surplus: readonly TableEntry[];
}

export function differenceOf(actual: readonly TableEntry[], goal: TableGoal): TableDifference {
  const holds = new Set<string>(actual);
  return {
    missing: [...goal.desired].filter((address) => !holds.has(address)),
    surplus: actual.filter((entry) => isSurplus(entry, goal)),
  };
}

/**
 * What must change, from what the table holds. A replace never carries an empty set, because pf
 * takes that as "empty the table" also when it was a mistake: emptying is a delete by name.
 */
export function planChange(actual: readonly TableEntry[], goal: TableGoal): TableChange {
  const { missing, surplus } = differenceOf(actual, goal);
  if (missing.length === 0 && surplus.length === 0) return { kind: 'none' };
  if (goal.exclusive) {
    const entries = [...goal.desired, ...actual.filter((entry) => isUntouched(entry, goal))];
    if (entries.length > 0) return { kind: 'replace', entries };
  }
  return { kind: 'update', add: missing, remove: surplus };
}

export function sameGoal(a: TableGoal, b: TableGoal): boolean {
  return (
    a.exclusive === b.exclusive &&
    sameSet(a.desired, b.desired) &&
    sameSet(a.managed, b.managed) &&
    sameSet(a.untouched, b.untouched) &&
    sameSet(a.dismissed, b.dismissed) &&
    a.reserve.join() === b.reserve.join() &&
    FAMILIES.every((family) => a.least.get(family) === b.least.get(family))
  );
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

export function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const item of a) if (!b.has(item)) return false;
  return true;
}

/**
 * What may leave although the table does not hold all of its goal: of each family that the table
 * serves from its goal, as many as leave what must go on serving, and all that the operator took out:
 * he was told what that leaves. Of the others members stay before what is hfm's by the ledger alone,
 * and that before what is a stranger's.
 */
export function spared(entries: readonly TableEntry[], goal: TableGoal): TableEntry[] {
  const { surplus } = differenceOf(entries, goal);
  const places = new Map<TableEntry, number>(goal.reserve.map((address, i) => [address, i]));
  const placeOf = (entry: TableEntry): number =>
    places.get(entry) ?? places.size + (has(goal.managed, entry) ? 0 : 1);
  return FAMILIES.flatMap((family) => {
    const isOf = (entry: TableEntry): boolean => familyOfEntry(entry) === family;
    const serving = entries.filter((entry) => isOf(entry) && has(goal.desired, entry)).length;
    if (serving === 0) return [];
    const kept = Math.max(0, (goal.least.get(family) ?? 0) - serving);
    const leaving = surplus.filter(isOf);
    const others = leaving
      .filter((entry) => !has(goal.dismissed, entry))
      .toSorted((a, b) => placeOf(a) - placeOf(b));
    return [...leaving.filter((entry) => has(goal.dismissed, entry)), ...others.slice(kept)];
  });
}

function familyOfEntry(entry: TableEntry): Family {
  return entry.includes(':') ? 'inet6' : 'inet';
}

/** Of a table that is not as pf was told: a negated entry in the way, or somebody undoing it. */
export function describeRefusal(entries: readonly TableEntry[], goal: TableGoal): string {
  const holds = new Set(entries);
  const { missing, surplus } = differenceOf(entries, goal);
  const negated = missing.filter((address) => holds.has(`!${address}`));
  const parts = [
    missing.length > 0 ? `does not take ${missing.join(' ')}` : '',
    surplus.length > 0 ? `does not give up ${surplus.join(' ')}` : '',
    negated.length > 0 ? `it holds ${negated.map((address) => `!${address}`).join(' ')}` : '',
  ];
  return `the table ${parts.filter((part) => part !== '').join(', ')}`;
}
