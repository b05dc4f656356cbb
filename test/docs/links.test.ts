import { existsSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, test } from 'vitest';
import { projectFile, readProjectFile } from './page.ts';

const DOCUMENTS = ['.', 'docs', 'docs/decisions', 'checks', 'actions', 'bench'].flatMap((folder) =>
  readdirSync(projectFile(folder))
    .filter((name) => name.endsWith('.md'))
    .map((name) => join(folder, name)),
);

test.for(DOCUMENTS)('%s links to files that exist', (document) => {
  const links = [...readProjectFile(document).matchAll(/\]\((?!https?:)([^)#]+)(?:#[^)]*)?\)/g)];
  const paths = links.map(([, path]) => join(dirname(document), path ?? ''));
  expect(paths.filter((path) => !existsSync(projectFile(path)))).toEqual([]);
});

test('the documents are found', () => {
  expect(DOCUMENTS).toContain('README.md');
  expect(DOCUMENTS).toContain('docs/decisions/README.md');
});
