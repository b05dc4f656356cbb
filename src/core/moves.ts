import type { Address } from './address.ts';
import type { Ledger } from './ledger.ts';
import { tableKey } from './table.ts';

/**
 * An address that a configuration takes out of one table and puts into another; both by their keys.
 * It stays in `from` until pf shows it in `to`, so that it serves somewhere all the while.
 */
export interface Move {
  readonly address: Address;
  readonly from: string;
  readonly to: string;
}

/**
 * The moves of a configuration that are not over.
 * - `first-attempts`: each table has its first attempt. A table that an address moves from keeps all
 *   that leaves it, so that what leaves is one delete.
 * - `as-seen`: each address leaves as soon as pf shows it where it moves to. A table that can't be
 *   changed holds up only what moves there.
 */
export interface Moves {
  readonly phase: 'first-attempts' | 'as-seen';
  readonly pending: readonly Move[];
}

/** What is known of the tables now, each by its key. */
export interface TablesNow {
  /** What the last reading of a table showed. */
  shown(table: string): ReadonlySet<string>;
  /** What is in a table's ledger, and not in its configuration. */
  leaving(table: string): ReadonlySet<Address>;
  /** Whether a table must hold an address; true as long as its goal is not known. */
  wants(table: string, address: Address): boolean;
}

/** What was in force before a configuration takes over. */
export interface Before {
  readonly ledger: Ledger;
  readonly moves: Moves | null;
  isConfigured(table: string, address: Address): boolean;
  readonly tables: Pick<TablesNow, 'shown'>;
}

/** The moves of a configuration that takes over; null for none. */
export function movesTo(configured: Ledger, before: Before): Moves | null {
  const leaving = leavingUnder(configured, before.ledger);
  const isMovedBefore = new Set((before.moves?.pending ?? []).map(arrival));
  // What a table was configured to hold before does not arrive there, unless it has never come.
  const isNewIn = (to: string, address: Address): boolean =>
    !before.isConfigured(to, address) ||
    (isMovedBefore.has(arrival({ to, address })) && !before.tables.shown(to).has(address));
  const pending = configured.flatMap((entry) => {
    const to = tableKey(entry);
    return entry.addresses.flatMap((address) => {
      const tables = leaving.get(address) ?? [];
      return isNewIn(to, address) ? tables.map((from) => ({ address, from, to })) : [];
    });
  });
  return pending.length === 0 ? null : { phase: 'first-attempts', pending };
}

/** What a table keeps of what leaves it, for now. */
export function stayingIn(
  from: string,
  { phase, pending }: Moves,
  tables: TablesNow,
): ReadonlySet<Address> {
  const leaving = tables.leaving(from);
  const moves = pending.filter((move) => move.from === from && leaving.has(move.address));
  if (phase === 'first-attempts' && moves.length > 0) return leaving;
  const awaited = moves.filter(
    ({ address, to }) => !tables.shown(to).has(address) && tables.wants(to, address),
  );
  return new Set(awaited.map(({ address }) => address));
}

/** The moves that are not over yet; null when all are. One is over once pf has shown both ends of it. */
export function pendingOf({ phase, pending }: Moves, tables: TablesNow): Moves | null {
  const left = pending.filter(
    ({ address, from, to }) => !tables.shown(to).has(address) || tables.leaving(from).has(address),
  );
  return left.length === 0 ? null : { phase, pending: left };
}

/** The tables that each address leaves under a configuration, by the ledger. */
function leavingUnder(configured: Ledger, ledger: Ledger): Map<Address, string[]> {
  const own = new Map(configured.map((entry) => [tableKey(entry), new Set(entry.addresses)]));
  const leaving = new Map<Address, string[]>();
  for (const entry of ledger) {
    const from = tableKey(entry);
    for (const address of entry.addresses) {
      if (own.get(from)?.has(address) === true) continue;
      leaving.set(address, [...(leaving.get(address) ?? []), from]);
    }
  }
  return leaving;
}

function arrival({ to, address }: Pick<Move, 'to' | 'address'>): string {
  return `${to} ${address}`;
}
