import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { blocksOf } from '../../docs/page.ts';

test.each(['README.md', 'docs/openbsd.md', 'docs/freebsd.md'])(
  'the haproxy.cfg in %s is valid',
  (document) => {
    const blocks = blocksOf(document, 'haproxy');
    expect(blocks).toHaveLength(1);
    const folder = mkdtempSync(join(tmpdir(), 'hfm-docs-'));
    try {
      const file = join(folder, 'haproxy.cfg');
      writeFileSync(file, blocks.join(''));
      const { status, stdout, stderr } = spawnSync('haproxy', ['-c', '-V', '-f', file], {
        encoding: 'utf8',
      });
      expect(`${stdout}${stderr}`).toBe('Configuration file is valid\n');
      expect(status).toBe(0);
    } finally {
      rmSync(folder, { recursive: true });
    }
  },
);
