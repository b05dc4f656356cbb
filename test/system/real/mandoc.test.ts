import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { projectFile } from '../../docs/page.ts';

const pages = readdirSync(projectFile('man'));

describe('the man pages', () => {
  test('are three', () => {
    expect(pages.sort()).toEqual(['hfm.toml.5', 'hfmctl.8', 'hfmd.8']);
  });

  test.each(pages)('%s has no warning from mandoc', (page) => {
    const { error, stdout } = spawnSync(
      'mandoc',
      ['-Tlint', '-W', 'warning', projectFile(`man/${page}`)],
      {
        encoding: 'utf8',
      },
    );
    expect(error).toBeUndefined();
    expect(stdout).toBe('');
  });
});
