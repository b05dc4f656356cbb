import { expect, test } from 'vitest';
import { backendName, poolName } from '../../src/core/names.ts';
import { poolsOfBackend } from '../../src/state/backend.ts';
import { readTables } from './read-tables.ts';

test('a backend has the pools of its memberships, an unknown one has none', () => {
  const { view } = readTables().state;
  expect(poolsOfBackend(view, backendName('lb1'))).toEqual([poolName('web')]);
  expect(poolsOfBackend(view, backendName('unknown'))).toEqual([]);
});
