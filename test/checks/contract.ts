import { readdirSync, readFileSync, statSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { projectFile } from '../docs/page.ts';
import { withConfig } from '../docs/with-config.ts';
import { openBench } from './bench.ts';
import type { Shelf } from './cases.ts';

export function scriptsIn(folder: 'checks' | 'actions'): string[] {
  return readdirSync(projectFile(folder)).filter((name) => name !== 'README.md');
}

/** The rules for every script of a folder. */
export function describeContract(
  folder: 'checks' | 'actions',
  usageExit: number,
  shelves: readonly Shelf[],
  testedElsewhere: readonly string[] = [],
): void {
  const scripts = scriptsIn(folder);
  const readme = readFileSync(projectFile(`${folder}/README.md`), 'utf8');

  test('every script has cases', () => {
    const tested = shelves.map(({ script }) => script.replace(`${folder}/`, ''));
    expect([...tested, ...testedElsewhere].sort()).toEqual(scripts.sort());
  });

  test('the examples of the README are good', () => {
    const blocks = [...readme.matchAll(/^```toml\n(.*?)^```$/gms)].map(([, block]) => block ?? '');
    expect(blocks.length).toBeGreaterThan(1);
    expect(blocks.flatMap(errorsOf)).toEqual([]);
  });

  describe.each(scripts)(`${folder}/%s`, (name) => {
    const path = projectFile(`${folder}/${name}`);
    const lines = readFileSync(path, 'utf8').split('\n');

    test.for([['-h'], ['-?'], ['--help'], ['-Z', 'x']])(
      'explains itself at %j',
      async (args, context) => {
        const bench = openBench(context);
        const said = await bench.run(`${folder}/${name}`, { args });
        expect(said).toMatchObject({ code: usageExit, stdout: '' });
        expect(said.stderr).toMatch(new RegExp(`^usage: ${name} `, 'm'));
      },
    );

    test('is executable, of sh, and short', () => {
      expect(statSync(path).mode & 0o111).toBe(0o111);
      expect(lines[0]).toBe('#!/bin/sh');
      expect(lines.length).toBeGreaterThan(20);
      expect(lines.length).toBeLessThanOrEqual(121);
    });

    test('has an example for hfm.toml at its head that is good', () => {
      const example = lines
        .slice(1, lines.indexOf('usage() {'))
        .filter((line) => line.startsWith('#   '))
        .map((line) => line.slice(4));
      expect(example.join('\n')).toContain(`/usr/local/libexec/hfm/${folder}/${name}"`);
      expect(errorsOf(example.join('\n'))).toEqual([]);
    });

    test('has a line and an example in the README', () => {
      expect(readme).toContain(`/usr/local/libexec/hfm/${folder}/${name}"`);
      expect(readme).toMatch(new RegExp(`^\\| \`${name}\` `, 'm'));
    });
  });
}

/** The errors of an example when its programs exist and a backend uses it. */
function errorsOf(example: string): readonly string[] {
  const here = example
    .replace(/\/usr\/local\/libexec\/(nagios\/check_\w+|hfm\/mail)/g, '/bin/sh')
    .replaceAll('/usr/local/libexec/hfm/', projectFile(''));
  const named = (what: string): string =>
    JSON.stringify(
      [...here.matchAll(new RegExp(`^\\[${what}\\.([\\w-]+)\\]`, 'gm'))].map(([, name]) => name),
    );
  const checks = named('check');
  const backend = `
[pool.web]
table = "web"
[backend.lb1]
address = "10.2.1.11"
port = 80
checks = ${checks === '[]' ? '[{ type = "tcp", name = "connect" }]' : checks}
pools = { web = "10.2.1.11" }
on_down = ${named('action')}
`;
  const loaded = withConfig(here + backend, loadConfig);
  return loaded.ok ? [] : loaded.errors;
}
