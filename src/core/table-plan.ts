import { type Address, FAMILIES, type Family } from './address.ts';
import type { TableGoal } from './table-goal.ts';

/** An entry as `pfctl -T show` prints it: an address, a network, or either negated with `!`. */
export type TableEntry = string;

/** The change that makes a table hold its goal. Adds come before deletes. */
export type TableChange =
  | { readonly kind: 'none' }
  | {
      readonly kind: 'update';
      readonly add: readonly Address[];
      readonly remove: readonly TableEntry[];
    }
  | { readonly kind: 'replace'; readonly entries: readonly TableEntry[] };

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
 * What must change, from what the table holds. A replace is never empty, because pf takes that as
 * "empty the table" also when it was a mistake: emptying is a delete by name.
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

function isSurplus(entry: TableEntry, goal: TableGoal): boolean {
  if (has(goal.desired, entry) || isUntouched(entry, goal)) return false;
  return goal.exclusive || has(goal.removable, entry);
}

function isUntouched(entry: TableEntry, goal: TableGoal): boolean {
  return has(goal.untouched, entry) && !has(goal.desired, entry);
}

function has(addresses: Pick<ReadonlySet<string>, 'has'>, entry: string): boolean {
  return addresses.has(entry);
}

/**
 * Entries that may be deleted before the table holds its whole goal, in this order: operator removals,
 * foreign entries, ledger-only addresses, the fallback, failed members. Of each family in which the
 * table serves from its goal, the last ones stay until the floor's number serves; the operator's
 * removals don't wait for that.
 */
export function safeRemovals(entries: readonly TableEntry[], goal: TableGoal): TableEntry[] {
  const surplus = new Set(differenceOf(entries, goal).surplus);
  const own = [...goal.removable].filter(([address]) => surplus.has(address));
  const byOperator = own.filter(([, reason]) => reason === 'operator').map(([one]) => one);
  const foreign = [...surplus].filter((entry) => !has(goal.removable, entry));
  const rest = own.filter(([, reason]) => reason !== 'operator').map(([one]) => one);
  return FAMILIES.flatMap((family) => {
    const isOf = (entry: TableEntry): boolean => familyOfEntry(entry) === family;
    const serving = entries.filter((entry) => isOf(entry) && has(goal.desired, entry)).length;
    if (serving === 0) return [];
    const kept = Math.max(0, (goal.floor.get(family) ?? 0) - serving);
    const others = [...foreign, ...rest].filter(isOf);
    return [...byOperator.filter(isOf), ...others.slice(0, Math.max(0, others.length - kept))];
  });
}

function familyOfEntry(entry: TableEntry): Family {
  return entry.includes(':') ? 'inet6' : 'inet';
}

/** Why a table is not as pf was told: a negated entry in the way, or another program undoing it. */
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
