import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { projectFile } from './page.ts';

const hasMandoc = spawnSync('mandoc', ['-Tlint'], { input: '' }).error === undefined;
const pages = readdirSync(projectFile('man'));

describe('the man pages', () => {
  test('are the three', () => {
    expect(pages.sort()).toEqual(['hfm.toml.5', 'hfmctl.8', 'hfmd.8']);
  });

  test.skipIf(!hasMandoc).each(pages)('%s has no warning from mandoc', (page) => {
    const { stdout } = spawnSync(
      'mandoc',
      ['-Tlint', '-W', 'warning', projectFile(`man/${page}`)],
      {
        encoding: 'utf8',
      },
    );
    expect(stdout).toBe('');
  });
});
