import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { projectFile } from '../docs/page.ts';
import { scratch } from '../release/artefact.ts';
import { eventually } from './harness.ts';

vi.setConfig({ testTimeout: 60_000 });

const CONFIG = (folder: string): string => `
[daemon]
socket = "${folder}/hfm.sock"
state_file = "${folder}/state.json"
[pf]
driver = "memory"
[pool.web]
table = "web"
[check.tcp]
type = "tcp"
port = 1
[backend.lb1]
address = "127.0.0.1"
checks = ["tcp"]
pools = { web = "127.0.0.1" }
`;

/** A pipe that is full, with a reader that does not read: both of its ends, to be closed. */
function fullPipe(folder: string): { readonly reader: number; readonly writer: number } {
  const path = join(folder, 'pipe');
  execFileSync('mkfifo', [path]);
  const reader = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const page = Buffer.alloc(4096);
  for (let isFull = false; !isFull; ) {
    try {
      writeSync(reader, page);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      isFull = true;
    }
  }
  return { reader, writer: openSync(path, constants.O_WRONLY) };
}

/** An hfmd that logs every probe to this descriptor. */
function startHfmd(folder: string, stdout: number) {
  const file = join(folder, 'hfm.toml');
  writeFileSync(file, CONFIG(folder));
  return spawn(projectFile('dist/sbin/hfmd'), ['-v', '-f', file], {
    stdio: ['ignore', stdout, 'inherit'],
  });
}

async function status(folder: string): Promise<{ readonly warnings: readonly string[] }> {
  const { stdout } = spawnSync(
    projectFile('dist/sbin/hfmctl'),
    ['--socket', join(folder, 'hfm.sock'), 'status', '--json'],
    { encoding: 'utf8' },
  );
  return JSON.parse(stdout);
}

describe('hfmd ends at SIGTERM', () => {
  test('while nobody reads its log', async () => {
    const folder = scratch();
    const { reader, writer } = fullPipe(folder);
    const hfmd = startHfmd(folder, writer);
    await eventually(async () => expect((await status(folder)).warnings).toBeInstanceOf(Array));
    const ended = once(hfmd, 'exit');
    hfmd.kill('SIGTERM');
    await ended;
    closeSync(writer);
    closeSync(reader);
  });

  test('while its log can not be written, of which status warns', async () => {
    const folder = scratch();
    const full = openSync('/dev/full', 'w');
    const hfmd = startHfmd(folder, full);
    await eventually(async () =>
      expect((await status(folder)).warnings).toContain(
        "log lines are lost: stdout can't be written: ENOSPC",
      ),
    );
    const ended = once(hfmd, 'exit');
    hfmd.kill('SIGTERM');
    expect(await ended).toEqual([0, null]);
    closeSync(full);
  });
});
