import { spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openPf } from './seed.mjs';

const root = mkdtempSync(join(tmpdir(), 'hfm-pf-locking-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

test('many concurrent calls all take effect', async () => {
  const pf = openPf(join(root, 'many'));
  const calls = Array.from({ length: 24 }, (_, i) =>
    pf.run(['-t', i % 2 ? 'odd' : 'even', '-T', 'add', `10.0.0.${i}`]),
  );
  const results = await Promise.all(calls);
  expect(results.map(({ code }) => code)).toEqual(calls.map(() => 0));
  expect(results.filter(({ stderr }) => stderr.includes('1 table created'))).toHaveLength(2);
  expect(pf.table('even')).toHaveLength(12);
  expect(pf.table('odd')).toHaveLength(12);
  expect(pf.calls()).toHaveLength(24);
  expect(leftBehind(pf.folder)).toEqual([]);
});

test('a reader sees all of a replace, or nothing of it', async () => {
  const pf = openPf(join(root, 'whole'));
  const sets = [1, 2].map((net) => Array.from({ length: 300 }, (_, i) => `10.${net}.0.${i % 250}`));
  pf.setTable('web', sets[0] ?? []);
  const writers = [0, 1, 0, 1].map((i) =>
    pf.run(['-t', 'web', '-T', 'replace', '-f', '-'], { stdin: sets[i]?.join('\n') ?? '' }),
  );
  const readers = Array.from({ length: 6 }, () => pf.run(['-t', 'web', '-T', 'show']));
  await Promise.all(writers);
  for (const { stdout } of await Promise.all(readers)) {
    const lines = stdout.trimEnd().split('\n');
    expect(lines).toHaveLength(250);
    expect(new Set(lines.map((line) => line.split('.')[1])).size).toBe(1);
  }
});

test('the call log has the order of the changes', async () => {
  const pf = openPf(join(root, 'order'));
  await Promise.all(
    Array.from({ length: 10 }, (_, i) => pf.run(['-t', 'web', '-T', 'replace', `10.0.0.${i}`])),
  );
  const last = pf.calls().at(-1);
  expect(pf.table('web')).toEqual([last?.argv.at(-1)]);
});

test('a call breaks the lock of a dead process', async () => {
  const pf = openPf(join(root, 'stale'));
  writeFileSync(join(pf.folder, 'lock'), String(await pidOfEndedProcess()));
  const results = await Promise.all(
    [1, 2, 3, 4].map((i) => pf.run(['-t', 'web', '-T', 'add', `10.0.0.${i}`])),
  );
  expect(results.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
  expect(pf.table('web')).toHaveLength(4);
  expect(leftBehind(pf.folder)).toEqual([]);
});

test('a call breaks a lock that another process died breaking', async () => {
  const pf = openPf(join(root, 'stale-breaker'));
  const pid = String(await pidOfEndedProcess());
  writeFileSync(join(pf.folder, 'lock'), pid);
  writeFileSync(join(pf.folder, 'lock.breaking'), pid);
  expect((await pf.run(['-t', 'web', '-T', 'add', '10.0.0.1'])).code).toBe(0);
  expect(leftBehind(pf.folder)).toEqual([]);
});

test('a call waits for the lock of a running process', async () => {
  const pf = openPf(join(root, 'held'));
  const lock = join(pf.folder, 'lock');
  writeFileSync(lock, String(process.pid));
  const call = pf.run(['-t', 'web', '-T', 'add', '10.0.0.1']);
  const first = await Promise.race([
    call,
    new Promise((resolve) => setTimeout(resolve, 700, 'waiting')),
  ]);
  expect(first).toBe('waiting');
  rmSync(lock);
  expect((await call).code).toBe(0);
});

test('calls that are killed at any moment leave complete tables and no lasting lock', async () => {
  const pf = openPf(join(root, 'killed'));
  pf.setTable('web', ['10.0.0.1']);
  await Promise.all(
    Array.from({ length: 16 }, (_, i) =>
      pf.run(['-t', 'web', '-T', 'add', `10.0.1.${i}`], { killAfterMs: 40 + 8 * i }),
    ),
  );
  expect((await pf.run(['-t', 'web', '-T', 'add', '10.0.2.1'])).code).toBe(0);
  expect(pf.table('web')).toContain('10.0.0.1');
  expect(pf.table('web')).toContain('10.0.2.1');
});

async function pidOfEndedProcess(): Promise<number | undefined> {
  const child = spawn('true');
  await new Promise((resolve) => child.on('exit', resolve));
  return child.pid;
}

function leftBehind(folder: string): string[] {
  return readdirSync(folder).filter((name) => name.startsWith('lock') || name.endsWith('.new'));
}
