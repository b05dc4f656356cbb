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

/** All that is wrong with it, each line without the folder of these files. */
function errorsOf(file: string): string[] {
  const loaded = loadConfig(file);
  return loaded.ok ? [] : loaded.errors.map((line) => line.replaceAll(`${dirname(file)}/`, ''));
}

/** Each bad file has its exact errors beside it, one a line. */
test.each(names)('%s', (name) => {
  const expected = readFileSync(`${FOLDER}${name}.expected`, 'utf8').trimEnd().split('\n');
  expect(errorsOf(`${FOLDER}${name}.toml`)).toEqual(expected);
});

test('each list of errors belongs to a file', () => {
  const lists = readdirSync(FOLDER).filter((name) => name.endsWith('.expected'));
  expect(lists.map((name) => name.slice(0, -'.expected'.length)).sort()).toEqual(names);
});
