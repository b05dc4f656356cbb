import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { parse } from 'toml';
import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { needsPerson, noteLine } from '../../src/import/draft/note.ts';
import { importConfig } from '../../src/import/import-config.ts';

const folder = fileURLToPath(new URL('hfm-conf/', import.meta.url));
const fixtures = readdirSync(folder).filter((name) => name.endsWith('.conf'));

/** The errors that hfmd finds in a text, without those of programs that are not on this machine. */
function errorsOf(toml: string): string[] {
  const home = mkdtempSync(join(tmpdir(), 'hfm-import-'));
  try {
    const file = join(home, 'hfm.toml');
    writeFileSync(file, toml);
    const result = loadConfig(file);
    return result.ok
      ? []
      : result.errors.filter((line) => !line.endsWith('expected an executable file'));
  } finally {
    rmSync(home, { recursive: true });
  }
}

function convert(text: string, file = 'hfm.conf') {
  const result = importConfig(file, text);
  if (!result.ok) throw new Error(result.error);
  const forPerson = result.notes.filter(needsPerson);
  return { ...result, forPerson, stderr: forPerson.map((note) => noteLine(file, note)) };
}

describe.each(fixtures)('%s', (name) => {
  const { toml, forPerson, stderr } = convert(readFileSync(join(folder, name), 'utf8'), name);
  const expected = (ending: string) => join(folder, name.replace(/conf$/, ending));

  test('gives the expected hfm.toml', async () => {
    await expect(toml).toMatchFileSnapshot(expected('toml'));
  });

  test('says on stderr what a person must look at', async () => {
    await expect(stderr.map((line) => `${line}\n`).join('')).toMatchFileSnapshot(
      expected('stderr'),
    );
  });

  test('has all of that in the comments of the result as well', () => {
    const comments = toml.replaceAll(/\n#\s+/g, ' ').replaceAll(/\s+/g, ' ');
    for (const { message } of forPerson)
      expect(comments).toContain(message.replaceAll(/\s+/g, ' '));
  });

  test('gives a result that hfmd accepts, or says that it has no backend', () => {
    const isEmpty = stderr.some((line) => line.endsWith('hfmd needs at least one backend'));
    expect(isEmpty).toBe(!toml.includes('[backend.'));
    if (!isEmpty) expect(errorsOf(toml)).toEqual([]);
  });

  test('says on stderr that a path is left to fill in', () => {
    expect(stderr.some((line) => line.includes(': fill in: '))).toBe(toml.includes('"/FILL/IN'));
  });
});

test('a configuration that hfm.toml can express leaves nothing to look at', () => {
  for (const name of ['two-hosts.conf', 'syntax.conf']) {
    expect(convert(readFileSync(join(folder, name), 'utf8')).forPerson).toEqual([]);
  }
});

test('more scripts than hfm runs at once by default raise max_scripts', () => {
  const rule = (i: number) => `r${i} { test = /t; test_arguments = 10.0.0.${i}; change_fail = /f }`;
  const rules = Array.from({ length: 40 }, (_, i) => rule(i + 1)).join('\n');
  const { toml } = convert(`interval = 1s; timeout_kill = 1s\n${rules}`);
  expect(parse(toml)).toMatchObject({ daemon: { max_scripts: 40 } });
  expect(errorsOf(toml)).toEqual([]);
});

test('names are made valid and unique', () => {
  const rule = 'test = /t; test_arguments = 10.0.0.1; change_fail = /f';
  const groups = ['"a b"', 'a-b', '"a/b"', '"äö"', `"${'x'.repeat(70)}"`, `"${'x'.repeat(71)}"`];
  const text = groups.map((name) => `${name} { ${rule} }`).join('\n');
  const { toml } = convert(`interval = 1s; timeout_kill = 1s\n${text}`);
  const { backend } = parse(toml);
  expect(Object.keys(backend)).toEqual([
    'a-b',
    'a-b-2',
    'a-b-3',
    'unnamed',
    'x'.repeat(63),
    `${'x'.repeat(59)}-2`,
  ]);
  expect(errorsOf(toml)).toEqual([]);
});

test('a result that hfmd refuses all the same is noted', () => {
  const argument = `"${String.raw`\ud800`}"`;
  const { toml, stderr } = convert(
    `interval = 1s; timeout_kill = 1s; test = /t; test_arguments = ${argument}; change_fail = /f`,
  );
  expect(stderr.at(-1)).toMatch(
    /^hfm\.conf: fill in: hfmd refuses the result: .*TOML syntax error/,
  );
  expect(toml).toContain('# FILL IN: hfmd refuses the result');
});

test('a syntax error has its line and column', () => {
  expect(importConfig('hfm.conf', 'a {\n  b = }')).toEqual({
    ok: false,
    error: 'hfm.conf:2:7: found "}", expected a value',
  });
});

const word = fc.constantFrom(
  ...['pfctl', 'doas', '-t', 'web', '-T', 'add', 'delete', '10.0.0.1', 'fd00::1', 'a.example'],
  ...['&&', '||', ';', '|', '>', '"', "'", '$x', '{name}', '{address}', 'curl', '-sf', '\n', '\\'],
  ...['http://10.0.0.1/', 'nc', '-z', '22', 'sh', '-c', '', "'''", '\u0001', '\u007f', 'é'],
);

const command = fc.array(word, { maxLength: 12 });

test('hfmd accepts the result of any rule', () => {
  fc.assert(
    fc.property(command, command, command, fc.boolean(), (test_, fail, success, inShell) => {
      const list = (key: string, words: readonly string[]) => {
        const argv = inShell ? ['/bin/sh', '-c', words.join(' ')] : ['/bin/echo', ...words];
        const [program, ...args] = argv.map((one) => JSON.stringify(one));
        return `${key} = ${program}\n${key}_arguments = [${args.join(', ')}]\n`;
      };
      const text = [
        list('test', test_),
        list('change_fail', fail),
        list('change_success', success),
      ];
      const { toml } = convert(`interval = 1s\ntimeout_kill = 1s\nr {\n${text.join('')}}\n`);
      expect(errorsOf(toml)).toEqual([]);
    }),
    { numRuns: 300 },
  );
});

test('any text is either converted or refused with its line and column', () => {
  const token = fc.constantFrom(
    ...[
      '{',
      '}',
      '[',
      ']',
      '=',
      ':',
      ';',
      ',',
      '\n',
      ' ',
      '"',
      "'",
      '#',
      '/*',
      '*/',
      '<<E\n',
      '\nE\n',
    ],
    ...['a', 'test', 'interval', '1s', '5', '.include', '\\', `\${X}`, 'true'],
  );
  fc.assert(
    fc.property(fc.array(token, { maxLength: 30 }), (tokens) => {
      const result = importConfig('hfm.conf', tokens.join(''));
      if (result.ok) expect(() => parse(result.toml)).not.toThrow();
      else expect(result.error).toMatch(/^hfm\.conf:\d+:\d+: found .*, expected /s);
    }),
    { numRuns: 1000 },
  );
});
