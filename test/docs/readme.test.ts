import { existsSync, readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { COMMANDS } from '../../src/cli/main.ts';
import { loadTexts } from './load-texts.ts';
import { projectFile, readProjectFile } from './page.ts';

const DOCUMENTS = ['README.md', 'checks/README.md', 'actions/README.md'];

function tomlBlocks(document: string): string[] {
  return [...readProjectFile(document).matchAll(/^```toml\n(.*?)^```$/gms)].map(
    ([, block]) => block ?? '',
  );
}

describe.each(DOCUMENTS)('%s', (document) => {
  test('has hfm.toml blocks that the loader takes, but for programs that are not here', () => {
    const blocks = tomlBlocks(document);
    expect(blocks.length).toBeGreaterThan(0);
    expect(loadTexts(blocks)).toEqual(blocks.map(() => []));
  });

  test('links to what exists', () => {
    const links = [...readProjectFile(document).matchAll(/\]\((?!https?:)([^)#]+)\)/g)];
    const broken = links.map(([, path]) => path ?? '').filter((p) => !existsSync(projectFile(p)));
    expect(broken).toEqual([]);
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
    const wrong = [...lines, ...rows]
      .map(([, line = '']) => line)
      .filter((line) => {
        const command = COMMANDS.find(({ name }) => name === line.split(' ')[0]);
        const options = [...line.matchAll(/ --([a-z-]+)/g)].map(([, option]) => option ?? '');
        return command === undefined || options.some((one) => !Object.hasOwn(command.options, one));
      });
    expect(wrong).toEqual([]);
  });

  test('names the npm scripts that there are', () => {
    const { scripts } = JSON.parse(readProjectFile('package.json'));
    const named = [...text.matchAll(/npm run ([a-z:]+)/g)].map(([, script]) => script ?? '');
    expect(named.filter((script) => !Object.hasOwn(scripts, script))).toEqual([]);
  });

  test('names every room of src', () => {
    const rooms = [...text.matchAll(/`src\/([a-z]+)`/g)].map(([, room]) => room);
    const folders = readdirSync(projectFile('src'), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map(({ name }) => name);
    expect(rooms.sort()).toEqual(folders.sort());
  });
});
