import { describe, expect, test } from 'vitest';
import type { Address } from '../../src/core/address.ts';
import type { Ledger } from '../../src/core/ledger.ts';
import {
  type Before,
  type Move,
  type Moves,
  movesTo,
  pendingOf,
  stayingIn,
  type TablesNow,
} from '../../src/core/moves.ts';
import { tableKey } from '../../src/core/table.ts';
import { addresses } from '../fakes/config.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';

type Sets = Readonly<Record<string, readonly string[]>>;

/** The key of a table of the main ruleset. */
function key(table: string): string {
  return tableKey({ table, anchor: null });
}

function setIn(sets: Sets, table: string): ReadonlySet<Address> {
  const entry = Object.entries(sets).find(([name]) => key(name) === table);
  return new Set(addresses(...(entry?.[1] ?? [])));
}

function ledgerOf(sets: Sets): Ledger {
  return Object.entries(sets).map(([table, texts]) => {
    return { table, anchor: null, addresses: addresses(...texts) };
  });
}

function move(text: string, from: string, to: string): Move {
  const [address] = addresses(text);
  if (address === undefined) throw new Error(text);
  return { address, from: key(from), to: key(to) };
}

/** What was in force: what the tables were configured to hold, and what the last readings showed. */
function inForce({
  configured = {},
  ledger = configured,
  shown = {},
  moves = null,
}: {
  configured?: Sets;
  ledger?: Sets;
  shown?: Sets;
  moves?: Moves | null;
}): Before {
  return {
    ledger: ledgerOf(ledger),
    moves,
    isConfigured: (table, address) => setIn(configured, table).has(address),
    tables: { shown: (table) => setIn(shown, table) },
  };
}

function tablesNow({
  shown = {},
  leaving = {},
  unwanted = {},
}: {
  shown?: Sets;
  leaving?: Sets;
  unwanted?: Sets;
}): TablesNow {
  return {
    shown: (table) => setIn(shown, table),
    leaving: (table) => setIn(leaving, table),
    wants: (table, address) => !setIn(unwanted, table).has(address),
  };
}

describe('the moves to a configuration', () => {
  test('are the addresses that one table loses and another one gets', () => {
    const next = ledgerOf({ web: [A], mail: [B] });
    const moves = movesTo(next, inForce({ configured: { web: [A, B], mail: [] } }));
    expect(moves).toEqual({ phase: 'first-attempts', pending: [move(B, 'web', 'mail')] });
  });

  test('are none for what only comes, only leaves, or stays where it is as well', () => {
    const next = ledgerOf({ web: [A, C], mail: [A] });
    expect(movesTo(next, inForce({ configured: { web: [A, B], mail: [] } }))).toBeNull();
  });

  test('start from tables that only the ledger knows', () => {
    const next = ledgerOf({ web: [A] });
    const moves = movesTo(next, inForce({ ledger: { old: [A], older: [A, B] } }));
    expect(moves?.pending).toEqual([move(A, 'old', 'web'), move(A, 'older', 'web')]);
  });

  test('do not lead to a table that was configured to hold the address before', () => {
    const configured = { web: [A], mail: [A] };
    const next = ledgerOf({ web: [], mail: [A] });
    expect(movesTo(next, inForce({ configured, shown: { mail: [A] } }))).toBeNull();
    expect(movesTo(next, inForce({ configured }))).toBeNull();
  });

  test('go on from the configuration before, as long as the address has never come', () => {
    const pending = [move(A, 'web', 'mail')];
    const moves: Moves = { phase: 'as-seen', pending };
    const was = { configured: { web: [], mail: [A] }, ledger: { web: [A], mail: [A] }, moves };
    const next = ledgerOf({ web: [], mail: [A] });
    expect(movesTo(next, inForce(was))).toEqual({ phase: 'first-attempts', pending });
    expect(movesTo(next, inForce({ ...was, shown: { mail: [A] } }))).toBeNull();
  });
});

describe('a table that an address moves from', () => {
  const pending = [move(A, 'web', 'mail')];

  test('keeps all that leaves it until each table had its first attempt', () => {
    const moves: Moves = { phase: 'first-attempts', pending };
    const leaving = { web: [A, B], old: [C] };
    const now = tablesNow({ leaving, shown: { mail: [A] } });
    expect(stayingIn(key('web'), moves, now)).toEqual(new Set([A, B]));
    expect(stayingIn(key('old'), moves, now)).toEqual(new Set());
  });

  test('keeps nothing once what moves has left it', () => {
    const moves: Moves = { phase: 'first-attempts', pending };
    expect(stayingIn(key('web'), moves, tablesNow({ leaving: { web: [B] } }))).toEqual(new Set());
  });

  const moves: Moves = { phase: 'as-seen', pending };

  test('keeps what moves, and nothing else, until pf shows it where it moves to', () => {
    const leaving = { web: [A, B] };
    expect(stayingIn(key('web'), moves, tablesNow({ leaving }))).toEqual(new Set([A]));
    const seen = tablesNow({ leaving, shown: { mail: [A] } });
    expect(stayingIn(key('web'), moves, seen)).toEqual(new Set());
  });

  test('does not keep what the other table does not want now', () => {
    const now = tablesNow({ leaving: { web: [A] }, unwanted: { mail: [A] } });
    expect(stayingIn(key('web'), moves, now)).toEqual(new Set());
  });

  test("does not keep an address that is not in its ledger: it is not hfm's any more", () => {
    expect(stayingIn(key('web'), moves, tablesNow({ leaving: {} }))).toEqual(new Set());
  });
});

describe('a move', () => {
  const moves: Moves = {
    phase: 'as-seen',
    pending: [move(A, 'web', 'mail'), move(B, 'web', 'mail')],
  };

  test('is over when pf shows the address in one table and not in the other', () => {
    const now = tablesNow({ shown: { mail: [A, B] }, leaving: { web: [B] } });
    expect(pendingOf(moves, now)?.pending).toEqual([move(B, 'web', 'mail')]);
    expect(pendingOf(moves, tablesNow({ shown: { mail: [A, B] } }))).toBeNull();
  });

  test('is not over as long as the address has never come', () => {
    expect(pendingOf(moves, tablesNow({}))).toEqual(moves);
  });
});
