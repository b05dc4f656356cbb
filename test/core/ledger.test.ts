import { describe, expect, test } from 'vitest';
import { entryOf, forget, type Ledger, type LedgerEntry, takeOver } from '../../src/core/ledger.ts';
import { addresses } from '../fakes/config.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';

function entry(table: string, texts: readonly string[], anchor: string | null = null): LedgerEntry {
  return { table, anchor, addresses: addresses(...texts) };
}

describe('taking over', () => {
  test('keeps what an earlier configuration left behind', () => {
    const ledger: Ledger = [entry('web', [A, B]), entry('old', [C])];
    const taken = takeOver(ledger, [entry('web', [B, C]), entry('new', [A])]);
    expect(new Set(entryOf(taken, { table: 'web', anchor: null })?.addresses)).toEqual(
      new Set([A, B, C]),
    );
    expect(entryOf(taken, { table: 'old', anchor: null })?.addresses).toEqual([C]);
    expect(entryOf(taken, { table: 'new', anchor: null })?.addresses).toEqual([A]);
    expect(taken).toHaveLength(3);
  });

  test('tells a table of an anchor from one of the main ruleset', () => {
    const taken = takeOver([entry('web', [A], 'hfm')], [entry('web', [B])]);
    expect(entryOf(taken, { table: 'web', anchor: null })?.addresses).toEqual([B]);
    expect(entryOf(taken, { table: 'web', anchor: 'hfm' })?.addresses).toEqual([A]);
  });

  test('twice is as good as once', () => {
    const configured = [entry('web', [B, C])];
    const once = takeOver([entry('web', [A])], configured);
    expect(takeOver(once, configured)).toEqual(once);
  });
});

describe('forgetting', () => {
  test('drops what is configured no more and was seen to be out', () => {
    const ledger = [entry('web', [A, B, C])];
    const left = forget(ledger, entry('web', [C]), new Set([B]));
    expect(entryOf(left, { table: 'web', anchor: null })?.addresses).toEqual([B, C]);
  });

  test('keeps what is configured, in the table or not', () => {
    const ledger = [entry('web', [A])];
    expect(forget(ledger, entry('web', [A]), new Set())).toBe(ledger);
  });

  test('drops a table of which nothing is left', () => {
    const ledger = [entry('web', [A]), entry('old', [B])];
    expect(forget(ledger, entry('old', []), new Set())).toEqual([entry('web', [A])]);
  });

  test('of a table that is not in the ledger changes nothing', () => {
    const ledger = [entry('web', [A])];
    expect(forget(ledger, entry('other', []), new Set())).toBe(ledger);
  });
});
