import { describe, expect, test } from 'vitest';
import { parseTableLine } from '../../src/pf/table-listing.ts';
import { tableEntries } from './transcript-entries.ts';

/** The recorded outputs of `pfctl -v -s Tables`, of the main ruleset and of anchors. */
const LISTINGS = tableEntries.filter(
  ({ argv, exit_code }) => argv.join(' ').endsWith('-v -s Tables') && exit_code === 0,
);

test('there are recorded listings of both systems', () => {
  expect(new Set(LISTINGS.map(({ os }) => os))).toEqual(new Set(['openbsd', 'freebsd']));
});

test.for(LISTINGS)('every line of $id is a table', ({ stdout }) => {
  const lines = stdout.split('\n').filter((line) => line !== '');
  expect(lines.map((line) => parseTableLine(line)?.table)).toEqual(
    lines.map((line) => line.split('\t')[1]),
  );
});

describe('the flags', () => {
  test.for([
    ['-pa-rh-\tweb', { table: 'web', isConst: false, isUsed: true }],
    ['-pa----\tunused', { table: 'unused', isConst: false, isUsed: false }],
    ['cpa----\tfixed', { table: 'fixed', isConst: true, isUsed: false }],
    ['-pa-r--\tinner\thfm', { table: 'inner', isConst: false, isUsed: true }],
    ['-pa--h-\tbelow', { table: 'below', isConst: false, isUsed: true }],
    ['-pa-r-C\tcounted', { table: 'counted', isConst: false, isUsed: true }],
    ['-pa----\tweb@hfm', { table: 'web', isConst: false, isUsed: false }],
  ] as const)('of %j', ([line, expected]) => {
    expect(parseTableLine(line)).toEqual(expected);
  });
});

test.for([
  '',
  '\tAddresses:   1',
  '\tReferences:  [ Anchors: 0  Rules: 0 ]',
  'web',
  '   10.0.0.1',
  'xxxxxxx\tweb',
])('%j is not a table', (line) => {
  expect(parseTableLine(line)).toBe(null);
});
