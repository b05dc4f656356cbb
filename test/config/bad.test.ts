import { readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';

const FOLDER = fileURLToPath(new URL('bad/', import.meta.url));
const names = readdirSync(FOLDER)
  .filter((name) => name.endsWith('.toml'))
  .map((name) => name.slice(0, -'.toml'.length))
  .sort();

/** The errors of a file, without the folder's path. */
function errorsOf(file: string): string[] {
  const loaded = loadConfig(file);
  return loaded.ok ? [] : loaded.errors.map((line) => line.replaceAll(`${dirname(file)}/`, ''));
}

test.each(names)('%s.toml has exactly the errors in its .expected', (name) => {
  const expected = readFileSync(`${FOLDER}${name}.expected`, 'utf8').trimEnd().split('\n');
  expect(errorsOf(`${FOLDER}${name}.toml`)).toEqual(expected);
});

test('each .expected belongs to a .toml', () => {
  const expected = readdirSync(FOLDER).filter((name) => name.endsWith('.expected'));
  expect(expected.map((name) => name.slice(0, -'.expected'.length)).sort()).toEqual(names);
});
