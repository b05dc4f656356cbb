import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { CHANGE } from '../actions/change.ts';
import { projectFile } from './page.ts';

describe('actions/log-file', () => {
  let folder = '';
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'hfm-docs-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  const logFile = (args: readonly string[], env: Readonly<Record<string, string>> = CHANGE) =>
    spawnSync(projectFile('actions/log-file'), args, {
      encoding: 'utf8',
      env: { PATH: '/bin:/usr/bin', LC_ALL: 'C', ...env },
    });

  test('appends one line a change, with what was done and the words given', () => {
    const file = join(folder, 'events');
    expect(logFile([file]).status).toBe(0);
    const up = { ...CHANGE, HFM_FROM: 'down', HFM_TO: 'up', HFM_REASON: '', HFM_DETAIL: '200' };
    expect(logFile([file, 'urgent', 'mail'], { ...up, HFM_POOLS: '' }).status).toBe(0);
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines.map((line) => line.replace(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ /, 'TIME '))).toEqual(
      [
        'TIME lb1 up -> down: connect-refused: 10.2.1.11:80 refused the connection (pools: web mail, tables: confirmed)',
        'TIME lb1 down -> up: 200 (pools: none, tables: confirmed) urgent mail',
        '',
      ],
    );
  });

  test('writes what a server said as it is', () => {
    const file = join(folder, 'events');
    const detail = '$(id) `id` %s \\n "quoted"';
    expect(logFile([file], { ...CHANGE, HFM_DETAIL: detail }).status).toBe(0);
    expect(readFileSync(file, 'utf8')).toContain(`connect-refused: ${detail} (pools`);
  });

  test('exits 64 with its usage without a file, or outside of hfmd', () => {
    for (const [args, env] of [
      [[], CHANGE],
      [['-x'], CHANGE],
      [[join(folder, 'events')], {}],
    ] as const) {
      const { status, stderr } = logFile(args, env);
      expect(status).toBe(64);
      expect(stderr).toContain('usage: log-file FILE');
    }
  });

  test('fails where the file can not be written', () => {
    const { status, stderr } = logFile([join(folder, 'missing', 'events')]);
    expect(status).not.toBe(0);
    expect(stderr).toContain('missing/events');
  });
});
