import { existsSync } from 'node:fs';
import { projectFile, readProjectFile } from './page.ts';

/** A test, or a group of tests, that a document names: `test/FILE` "NAME". */
export interface ShownTest {
  readonly file: string;
  readonly name: string;
}

export function shownTestsIn(text: string): ShownTest[] {
  return [...text.matchAll(/`(test\/[^`]+)` "(.*?)"(?=; `|\. |\.$| \|$)/gm)].map(
    ([, file = '', name = '']) => ({ file, name }),
  );
}

/** Whether the file is there and has a test of that name. */
export function isThere({ file, name }: ShownTest): boolean {
  if (!existsSync(projectFile(file))) return false;
  const source = readProjectFile(file);
  const titles = [`'${name}'`, `"${name}"`, `\`${name}\``, `'${name.replaceAll("'", "\\'")}'`];
  return titles.some((title) => source.includes(title));
}
