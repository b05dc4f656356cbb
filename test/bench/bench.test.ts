import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { projectFile } from '../docs/page.ts';
import { eventually, type Running, run } from '../system/harness.ts';

const BENCH = projectFile('dist/bench/bench.js');

function openFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-bench-test-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

function runBench(folder: string, ...args: string[]): Running {
  const bench = run(BENCH, args, { env: { TMPDIR: folder } });
  onTestFinished(() => bench.kill('SIGKILL'));
  return bench;
}

test('a row gives a figure, and leaves nothing', async () => {
  const folder = openFolder();
  const json = join(folder, 'report.json');
  const { code, stdout, stderr } = await runBench(folder, 'start', '--json', json).ended;
  const report = JSON.parse(readFileSync(json, 'utf8'));
  expect(report.rows, stderr).toMatchObject([{ name: 'start', bar: 250 }]);
  expect(report.rows[0].figure).toBeGreaterThan(0);
  expect(stdout).toContain('start to first probe');
  // Whether the bar is met is no matter of this test.
  expect(code).toBe(report.rows[0].pass ? 0 : 1);
  expect(readdirSync(folder)).toEqual(['report.json']);
});

test('Ctrl-C ends all that it has started', async () => {
  const folder = openFolder();
  const bench = runBench(folder, 'rss-1000');
  await eventually(() => {
    const files = readdirSync(folder, { recursive: true }).map(String);
    expect(files.filter((file) => file.endsWith('hfmd-1/s'))).toHaveLength(1);
  });
  bench.kill('SIGINT');
  expect((await bench.ended).code).toBe(130);
  await eventually(() => expect(processesOf(folder)).toEqual([]));
  expect(readdirSync(folder)).toEqual([]);
});

function processesOf(folder: string): string[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'stat=,args='], { encoding: 'utf8' });
  return stdout.split('\n').filter((line) => line.includes(folder) && !line.startsWith('Z'));
}
