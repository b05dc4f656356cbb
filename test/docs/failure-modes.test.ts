import { existsSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectFile, readProjectFile } from './page.ts';

const PAGE = readProjectFile('docs/failure-modes.md');
const ROWS = PAGE.split('\n').filter(
  (line) => line.startsWith('| ') && !/^\| (fault|histories) /.test(line),
);

interface Shown {
  readonly file: string;
  readonly name: string;
}

/** What the last cell of a row names: a file, and a test or a group of tests in it. */
function shownBy(row: string): Shown[] {
  const cell = row.split(' | ').at(-1) ?? '';
  return [...cell.matchAll(/`(test\/[^`]+)` "(.*?)"(?=; `| \|$)/g)].map(
    ([, file = '', name = '']) => ({
      file,
      name,
    }),
  );
}

test('every fault names what shows it', () => {
  expect(ROWS.length).toBeGreaterThan(50);
  expect(ROWS.filter((row) => shownBy(row).length === 0)).toEqual([]);
  const named = PAGE.match(/`test\/[^`]*` "/g) ?? [];
  expect(ROWS.flatMap(shownBy)).toHaveLength(named.length);
});

test.for(ROWS.flatMap(shownBy))('$file has "$name"', ({ file, name }) => {
  expect(existsSync(projectFile(file))).toBe(true);
  const source = readProjectFile(file);
  const titles = [`'${name}'`, `"${name}"`, `\`${name}\``, `'${name.replaceAll("'", "\\'")}'`];
  expect(titles.some((title) => source.includes(title))).toBe(true);
});
