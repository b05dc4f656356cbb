import { describe, expect, test } from 'vitest';
import { wrongHfmctlLines } from './hfmctl-lines.ts';
import { loadTexts } from './load-texts.ts';
import { blocksOf, readProjectFile } from './page.ts';

const DOCUMENTS = [
  'README.md',
  'checks/README.md',
  'actions/README.md',
  'docs/openbsd.md',
  'docs/freebsd.md',
];

describe.each(DOCUMENTS)('%s', (document) => {
  test('has hfm.toml blocks that the loader takes, but for programs that are not here', () => {
    const blocks = blocksOf(document, 'toml');
    expect(blocks.length).toBeGreaterThan(0);
    expect(loadTexts(blocks)).toEqual(blocks.map(() => []));
  });
});

describe('README.md', () => {
  const text = readProjectFile('README.md');

  test('uses commands and options that hfmctl has', () => {
    const lines = [...text.matchAll(/hfmctl ((?!shows|does)[a-z-]+[^;`&|\n]*)/g)];
    const table = text.split('| command | does |')[1]?.split('\n\n')[0] ?? '';
    const rows = [...table.matchAll(/^\| `([^`]+)`/gm)];
    expect(lines.length).toBeGreaterThan(8);
    expect(rows.length).toBeGreaterThan(6);
    expect(wrongHfmctlLines([...lines, ...rows].map(([, line = '']) => line))).toEqual([]);
  });
});

test.each(['README.md', 'CONTRIBUTING.md', 'bench/README.md'])(
  '%s names npm scripts that exist',
  (document) => {
    const { scripts } = JSON.parse(readProjectFile('package.json'));
    const named = [...readProjectFile(document).matchAll(/npm run ([a-z:]+)/g)];
    expect(named.filter(([, script = '']) => !Object.hasOwn(scripts, script))).toEqual([]);
  },
);
