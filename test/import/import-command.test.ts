import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { runCommand } from '../fakes/cli.ts';

const GOOD = `interval = 1s; timeout_kill = 1s
lb1 { test = /t; test_arguments = 10.2.1.1; change_fail = /f }
`;

let home = '';

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'hfm-import-'));
});

afterEach(() => {
  vi.restoreAllMocks();
  rmSync(home, { recursive: true });
});

function write(text: string): string {
  const file = join(home, 'hfm.conf');
  writeFileSync(file, text);
  return file;
}

function run(...argv: string[]) {
  return runCommand('import', ...argv);
}

test('with everything carried over it prints the result and exits 0', async () => {
  const { code, stdout, stderr } = await run(write(GOOD));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('[backend.lb1]\n');
});

test('with something to look at it prints the result, a line on stderr, and exits 1', async () => {
  const file = write(`runs = 3\n${GOOD}`);
  const { code, stdout, stderr } = await run(file);
  expect(code).toBe(1);
  expect(stdout).toContain('# NOT CARRIED OVER: runs = 3;');
  expect(stderr).toBe(
    `${file}:1: lb1: not carried over: runs = 3; hfm repeats a check until hfmd stops\n`,
  );
});

test.each([[['-']], [[]]])('with the arguments %j it reads stdin', async (argv) => {
  const stdin = Readable.from([Buffer.from(GOOD.slice(0, 20)), Buffer.from(GOOD.slice(20))]);
  vi.spyOn(process, 'stdin', 'get').mockReturnValue(stdin as typeof process.stdin);
  const { code, stdout } = await run(...argv);
  expect(code).toBe(0);
  expect(stdout).toMatch(/^# Made by "hfmctl import" from stdin\.\n/);
});

test('with --json it prints the text and all notes', async () => {
  const { code, stdout } = await run('--json', write(`runs = 3\n${GOOD}`));
  expect(code).toBe(1);
  const { toml, notes } = JSON.parse(stdout);
  expect(toml).toContain('[backend.lb1]\n');
  expect(notes).toContainEqual({
    kind: 'lost',
    line: 1,
    rule: 'lb1',
    message: 'runs = 3; hfm repeats a check until hfmd stops',
  });
});

test('for a syntax error it prints line and column on stderr, and exits 1', async () => {
  const file = write('lb1 {\n\ttest = }\n');
  expect(await run(file)).toEqual({
    code: 1,
    stdout: '',
    stderr: `${file}:2:9: found "}", expected a value\n`,
  });
  const { code, stdout } = await run('--json', file);
  expect({ code, answer: JSON.parse(stdout) }).toEqual({
    code: 1,
    answer: { error: `${file}:2:9: found "}", expected a value` },
  });
});

test('for a file that it can not read it says why, and exits 1', async () => {
  const file = join(home, 'none.conf');
  expect(await run(file)).toEqual({
    code: 1,
    stdout: '',
    stderr: `${file}: can't be read: no such file\n`,
  });
});

test('for two files it exits 64', async () => {
  const { code, stderr } = await run('a', 'b');
  expect(code).toBe(64);
  expect(stderr).toContain('expected one file, found also "b"');
});
