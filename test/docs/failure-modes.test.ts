import { expect, test } from 'vitest';
import { readProjectFile } from './page.ts';
import { isThere, type ShownTest, shownTestsIn } from './shown-tests.ts';

const PAGE = readProjectFile('docs/failure-modes.md');
const ROWS = PAGE.split('\n').filter(
  (line) => line.startsWith('| ') && !/^\| (fault|histories) /.test(line),
);

/** What the last cell of a row names. */
function shownBy(row: string): ShownTest[] {
  return shownTestsIn(row.split(' | ').at(-1) ?? '');
}

test('every fault names what shows it', () => {
  expect(ROWS.length).toBeGreaterThan(50);
  expect(ROWS.filter((row) => shownBy(row).length === 0)).toEqual([]);
  const named = PAGE.match(/`test\/[^`]*` "/g) ?? [];
  expect(ROWS.flatMap(shownBy)).toHaveLength(named.length);
});

test.for(ROWS.flatMap(shownBy))('$file has "$name"', (shown) => {
  expect(isThere(shown)).toBe(true);
});
