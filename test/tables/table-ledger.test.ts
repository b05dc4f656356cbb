import { describe, expect, test } from 'vitest';
import { tableKey } from '../../src/core/table.ts';
import { TableLedger } from '../../src/tables/table-ledger.ts';
import { UNREAD_VIEW } from '../../src/tables/table-view.ts';
import { addresses, backend, config, pool } from '../fakes/config.ts';

const A = '10.0.0.1';
const B = '10.0.0.2';
const C = '10.0.0.3';
const WEB = { table: 'web', anchor: null };
const OLD = { table: 'old', anchor: null };

/** The ledger has B for web and C for old, and the configuration has A for web. */
function ledger(): TableLedger {
  const unit = new TableLedger([
    { ...WEB, addresses: addresses(B) },
    { ...OLD, addresses: addresses(C) },
  ]);
  unit.takeOver(config([pool('web')], [backend('lb1', { web: A })]));
  return unit;
}

function shown(...actual: string[]) {
  return { ...UNREAD_VIEW, actual, inSync: true };
}

test('a configuration adds its addresses; what it does not have is left over', () => {
  const unit = ledger();
  expect(unit.addressesIn(WEB)).toEqual([A, B]);
  expect(unit.leftoversIn(WEB)).toEqual([B]);
  expect(unit.leftoversIn(OLD)).toEqual([C]);
  const [a, b] = addresses(A, B);
  if (a === undefined || b === undefined) throw new Error('no addresses');
  expect(unit.isConfigured(tableKey(WEB), a)).toBe(true);
  expect(unit.isConfigured(tableKey(WEB), b)).toBe(false);
});

describe('a table that was seen without an address', () => {
  test('has lost it, where the configuration does not have it', () => {
    const unit = ledger();
    expect(unit.forgetLost(WEB, shown())).toEqual([B]);
    expect(unit.addressesIn(WEB)).toEqual([A]);
    expect(unit.forgetLost(WEB, shown())).toBeNull();
  });

  test('has not lost what it still shows', () => {
    const unit = ledger();
    expect(unit.forgetLost(WEB, shown(B))).toBeNull();
    expect(unit.leftoversIn(WEB)).toEqual([B]);
  });

  test('proves nothing before it shows its goal', () => {
    const unit = ledger();
    expect(unit.forgetLost(WEB, { ...shown(), inSync: false })).toBeNull();
    expect(unit.forgetLost(WEB, UNREAD_VIEW)).toBeNull();
  });
});

test('a table that is gone has lost everything, unless a pool has it', () => {
  const unit = ledger();
  const error = { kind: 'missing-table', message: 'Table does not exist' } as const;
  const gone = { ...UNREAD_VIEW, error };
  expect(unit.forgetLost(OLD, gone)).toEqual([C]);
  expect(unit.forgetLost(WEB, gone)).toBeNull();
  expect(unit.entries).toEqual([{ ...WEB, addresses: addresses(A, B) }]);
});
