import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectFile, readProjectFile } from './page.ts';
import { isThere, shownTestsIn } from './shown-tests.ts';

const PAGE = readProjectFile('docs/architecture.md');

test('names every room of src', () => {
  const rooms = [...PAGE.matchAll(/^\| `src\/([a-z]+)` \|/gm)].map(([, room]) => room);
  const folders = readdirSync(projectFile('src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(rooms.sort()).toEqual(folders.sort());
});

test('names the test of every rule', () => {
  expect(shownTestsIn(PAGE)).toHaveLength((PAGE.match(/`test\/[^`]*` "/g) ?? []).length);
  expect(shownTestsIn(PAGE).length).toBeGreaterThan(20);
});

test.for(shownTestsIn(PAGE))('$file has "$name"', (shown) => {
  expect(isThere(shown)).toBe(true);
});
