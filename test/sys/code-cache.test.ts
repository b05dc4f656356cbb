import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test, vi } from 'vitest';
import { openProgram } from '../../src/sys/code-cache.ts';

/** A program that emits `word`, after one run that saved its cache. */
function cachedProgram(word: string): { file: string; cache: string; emitted: () => string[] } {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-code-'));
  const words: string[] = [];
  const listener = (text: string): void => void words.push(text);
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
  first.saveCache();
  expect(words.splice(0)).toEqual([word]);
  return { file, cache: `${file}.cache`, emitted: () => words.splice(0) };
}

function textOf(word: string): string {
  return `#!/usr/bin/env node
"use strict";
const { basename } = require("node:path");
if (basename(__filename) !== "program.js" || !__dirname.includes("hfm-code-")) throw new Error();
process.emit("hfm-test", "${word}");
`;
}

test('a saved cache is used', () => {
  const { file, emitted } = cachedProgram('one');
  const again = openProgram(file);
  again.run();
  expect([again.isCached, emitted()]).toEqual([true, ['one']]);
});

test('a program that changed to another text of the same length is compiled', () => {
  const { file, emitted } = cachedProgram('one');
  writeFileSync(file, textOf('two'));
  const again = openProgram(file);
  again.run();
  expect([again.isCached, emitted()]).toEqual([false, ['two']]);
});

test('a cache with any bit flipped is not used', () => {
  const { file, cache, emitted } = cachedProgram('one');
  const kept = readFileSync(cache);
  for (let at = 0; at < kept.length; at += 7) {
    const damaged = Buffer.from(kept);
    damaged.writeUInt8(damaged.readUInt8(at) ^ (1 << (at % 8)), at);
    writeFileSync(cache, damaged);
    const again = openProgram(file);
    again.run();
    expect([again.isCached, emitted()], `at ${at}`).toEqual([false, ['one']]);
  }
});

test.each([
  ['torn', (kept: Buffer) => kept.subarray(0, kept.length / 2)],
  ['of a few bytes', () => Buffer.from('short')],
  ['empty', () => Buffer.alloc(0)],
])('a cache that is %s is not used', (_, of) => {
  const { file, cache, emitted } = cachedProgram('one');
  writeFileSync(cache, of(readFileSync(cache)));
  const again = openProgram(file);
  again.run();
  expect([again.isCached, emitted()]).toEqual([false, ['one']]);
});

test.each(['/bin/sh', '/nonexistent'])('a cache of another node is not used by %s', (execPath) => {
  const { file } = cachedProgram('one');
  vi.spyOn(process, 'execPath', 'get').mockReturnValue(execPath);
  onTestFinished(() => void vi.restoreAllMocks());
  expect(openProgram(file).isCached).toBe(false);
});
