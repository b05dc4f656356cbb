import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectFile, readProjectFile } from './page.ts';

test('names every room of src', () => {
  const text = readProjectFile('docs/architecture.md');
  const rooms = [...text.matchAll(/^\| `src\/([a-z]+)` \|/gm)].map(([, room]) => room);
  const folders = readdirSync(projectFile('src'), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  expect(rooms.sort()).toEqual(folders.sort());
});
