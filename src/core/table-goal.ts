import { type Address, FAMILIES, type Family, familyOf } from './address.ts';
import type { LeaveReason, PoolGoal } from './policy.ts';

/** What a table must hold, and what may leave it. */
export interface TableGoal {
  readonly desired: ReadonlySet<Address>;
  /** Addresses that hfm leaves as they are, also in an exclusive table. */
  readonly untouched: ReadonlySet<Address>;
  /**
   * hfm's own addresses that must leave, the first to leave first. `ledger` is an address that only
   * the ledger knows: it has left the configuration.
   */
  readonly removable: ReadonlyMap<Address, LeaveReason | 'ledger'>;
  /** Whether whatever else the table holds must leave too. */
  readonly exclusive: boolean;
  /**
   * How many of `desired` must serve, of each family, before the others may leave. What the operator
   * takes out does not wait for it: the operator was asked about the floor before.
   */
  readonly floor: ReadonlyMap<Family, number>;
}

/** What the table of a pool brings to the pool's goal. */
export interface TableOfPool {
  readonly exclusive: boolean;
  /** What is hfm's in the table by the ledger, and not in the configuration. */
  readonly ledgerOnly: Iterable<Address>;
  /** What of that stays, until it is seen in the table that it moves to. */
  readonly staying: ReadonlySet<Address>;
}

/**
 * The goal of a pool's table. The pool says what must leave, in which order and down to which floor;
 * the ledger adds what has left the configuration, in its place.
 */
export function tableGoalOf(
  { desired, untouched, short, removable, floor }: PoolGoal,
  { exclusive, ledgerOnly, staying }: TableOfPool,
): TableGoal {
  const others = [...ledgerOnly];
  // Never empty what serves: while too few of the members do, what left the configuration stays.
  const leaving = others.filter((one) => !staying.has(one) && !short.has(familyOf(one)));
  const inOrder = [...removable];
  const byOperator = inOrder.filter(([, reason]) => reason === 'operator');
  const rest = inOrder.filter(([, reason]) => reason !== 'operator');
  return {
    desired,
    untouched: new Set([...untouched, ...others.filter((one) => staying.has(one))]),
    removable: new Map([...byOperator, ...asLedgerOnly(leaving), ...rest]),
    // What else is in the table may be all that serves, until enough of the members do.
    exclusive: exclusive && short.size === 0,
    floor,
  };
}

/** The goal of a table that no pool has any more: hfm takes away what is its own. */
export function emptying(leaving: Iterable<Address>): TableGoal {
  return {
    desired: new Set(),
    untouched: new Set(),
    removable: new Map(asLedgerOnly(leaving)),
    exclusive: false,
    floor: new Map(),
  };
}

export function sameGoal(a: TableGoal, b: TableGoal): boolean {
  return (
    a.exclusive === b.exclusive &&
    sameSet(a.desired, b.desired) &&
    sameSet(a.untouched, b.untouched) &&
    sameOrder(a.removable, b.removable) &&
    FAMILIES.every((family) => a.floor.get(family) === b.floor.get(family))
  );
}

export function sameSet(a: ReadonlySet<string>, b: ReadonlySet<string>): boolean {
  if (a.size !== b.size) return false;
  for (const item of a) if (!b.has(item)) return false;
  return true;
}

function sameOrder(a: ReadonlyMap<string, string>, b: ReadonlyMap<string, string>): boolean {
  if (a.size !== b.size) return false;
  const others = b.entries();
  for (const [address, reason] of a) {
    const [other, otherReason] = others.next().value ?? [];
    if (other !== address || otherReason !== reason) return false;
  }
  return true;
}

function asLedgerOnly(addresses: Iterable<Address>): [Address, 'ledger'][] {
  return [...addresses].map((address) => [address, 'ledger']);
}
