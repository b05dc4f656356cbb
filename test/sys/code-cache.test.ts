import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openProgram } from '../../src/sys/code-cache.ts';

/** A program that says `word`, and has been run once and kept. */
function keptProgram(word: string): { file: string; cache: string; said: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-code-'));
  const said: string[] = [];
  const listener = (text: string): void => void said.push(text);
  process.on('hfm-test' as 'message', listener);
  onTestFinished(() => {
    process.off('hfm-test' as 'message', listener);
    rmSync(folder, { recursive: true, force: true });
  });
  const file = join(folder, 'program.js');
  writeFileSync(file, textOf(word));
  const first = openProgram(file);
  expect(first.isCached).toBe(false);
  first.run();
  first.keep();
  expect(said.splice(0)).toEqual([word]);
  return { file, cache: `${file}.cache`, said: () => said.splice(0) };
}

function textOf(word: string): string {
  return `#!/usr/bin/env node
"use strict";
const { basename } = require("node:path");
if (basename(__filename) !== "program.js" || !__dirname.includes("hfm-code-")) throw new Error();
process.emit("hfm-test", "${word}");
`;
}

test('what was kept is used', () => {
  const { file, said } = keptProgram('one');
  const again = openProgram(file);
  again.run();
  expect([again.isCached, said()]).toEqual([true, ['one']]);
});

test('another text of the same length is run, and not what was kept of the old', () => {
  const { file, said } = keptProgram('one');
  writeFileSync(file, textOf('two'));
  const again = openProgram(file);
  again.run();
  expect([again.isCached, said()]).toEqual([false, ['two']]);
});

test('wherever one bit of it is turned, what was kept is not used', () => {
  const { file, cache, said } = keptProgram('one');
  const kept = readFileSync(cache);
  for (let at = 0; at < kept.length; at += 7) {
    const damaged = Buffer.from(kept);
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (at % 8)), at);
    writeFileSync(cache, damaged);
    const again = openProgram(file);
    again.run();
    expect([again.isCached, said()], `at ${at}`).toEqual([false, ['one']]);
  }
});

test.each([
  ['torn', (kept: Buffer) => kept.subarray(0, kept.length / 2)],
  ['of a few bytes', () => Buffer.from('short')],
  ['empty', () => Buffer.alloc(0)],
])('a file that is %s is as none', (_, of) => {
  const { file, cache, said } = keptProgram('one');
  writeFileSync(cache, of(readFileSync(cache)));
  const again = openProgram(file);
  again.run();
  expect([again.isCached, said()]).toEqual([false, ['one']]);
});

test.each(['/bin/sh', '/nonexistent'])('node at %s compiles anew', (execPath) => {
  const { file } = keptProgram('one');
  vi.spyOn(process, 'execPath', 'get').mockReturnValue(execPath);
  onTestFinished(() => void vi.restoreAllMocks());
  expect(openProgram(file).isCached).toBe(false);
});
