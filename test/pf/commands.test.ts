import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TableRef } from '../../src/core/table.ts';
import {
  type EndOperation,
  endArguments,
  helperLine,
  type PfctlCommands,
  PLAIN_COMMANDS,
  SUDO_COMMANDS,
} from '../../src/pf/commands.ts';
import { openPf, type Pf } from './seed.mjs';
import { main } from './stand-in/pfctl.mjs';

const root = mkdtempSync(join(tmpdir(), 'hfm-commands-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const OSES = ['openbsd', 'freebsd'] as const;
const VERBS = ['show', 'add', 'delete', 'replace'] as const;
const WEB: TableRef = { table: 'web', anchor: null };
const IN_HFM: TableRef = { table: 'web', anchor: 'hfm' };

let machines = 0;

/** A pf with a table "web" in the main ruleset, in the anchor hfm, and in another anchor. */
function machine(os: (typeof OSES)[number]): Pf {
  machines += 1;
  const pf = openPf(join(root, String(machines)), { os });
  for (const anchor of ['', 'hfm', 'other']) pf.setTable('web', ['192.0.2.9'], { anchor });
  pf.setTable('mail', ['192.0.2.9']);
  return pf;
}

function contents(pf: Pf): unknown {
  const where = pf.tables().map(({ name, anchor }) => ({ name, anchor }));
  const tables = where.map(({ name, anchor }) => [anchor, name, pf.table(name, { anchor })]);
  return { tables, states: pf.states(), sources: pf.sources() };
}

function everyCommand(commands: PfctlCommands): (readonly string[])[] {
  return [
    ...[WEB, IN_HFM].flatMap((ref) => VERBS.map((verb) => commands.table(verb, ref))),
    ...[null, 'hfm'].map(commands.tables),
    commands.sources(),
    ...[false, true].map((ids) => commands.states({ ids })),
  ];
}

describe.each(OSES)('on %s', (os) => {
  test('a command for sudo does what the plain command does', async () => {
    const plain = everyCommand(PLAIN_COMMANDS);
    for (const [i, forSudo] of everyCommand(SUDO_COMMANDS).entries()) {
      const [one, other] = [machine(os), machine(os)];
      const stdin = '10.0.0.1\n';
      const expected = await main([...(plain[i] ?? [])], stdin, one.env);
      expect(expected.code).toBe(0);
      expect(await main([...forSudo], stdin, other.env)).toEqual(expected);
      expect(contents(other)).toEqual(contents(one));
    }
  });

  test('pfctl refuses the words of a command for sudo joined in any way, or makes an unused empty table', async () => {
    for (const forSudo of everyCommand(SUDO_COMMANDS)) {
      for (const joined of joinedWords(forSudo)) {
        const pf = machine(os);
        const before = contents(pf);
        const { code } = await main(joined, '10.0.0.1\n', pf.env);
        pf.removeTable('web', { anchor: 'hfm -f-' });
        expect([joined, contents(pf)]).toEqual([joined, before]);
        if (!joined.includes('-ahfm -f-')) expect([joined, code]).toEqual([joined, 1]);
      }
    }
  });
});

test('the words of a plain command joined would read a file, so a rule of sudo must not name it', async () => {
  const plain = PLAIN_COMMANDS.table('add', WEB);
  expect(joinedWords(plain)).toContainEqual(['-t', 'web', '-T', 'add', '-f -']);
});

/** The words with neighbours joined by spaces, in every way: all have the same text with spaces. */
function joinedWords(words: readonly string[]): string[][] {
  const results: string[][] = [];
  for (let bits = 1; bits < 2 ** (words.length - 1); bits++) {
    const result: string[] = [];
    for (const [i, word] of words.entries()) {
      const isJoined = i > 0 && (bits & (1 << (i - 1))) !== 0;
      if (isJoined) result.push(`${result.pop()} ${word}`);
      else result.push(word);
    }
    results.push(result);
  }
  return results;
}

test.each<[EndOperation, string, string]>([
  [{ kind: 'state', id: '42/ab' }, '-k id -k 42/ab', 'state 42/ab'],
  [{ kind: 'client', address: '10.0.0.1' }, '-K 10.0.0.1', 'client 10.0.0.1'],
  [{ kind: 'backend', address: '10.0.0.1' }, '-K 0.0.0.0/0 -K 10.0.0.1', 'backend 10.0.0.1'],
  [{ kind: 'backend', address: 'fd00::1' }, '-K ::/0 -K fd00::1', 'backend fd00::1'],
])(
  '%j has the arguments "%s" of pfctl and the line "%s" of the helper',
  (operation, args, line) => {
    expect([endArguments(operation).join(' '), helperLine(operation)]).toEqual([args, line]);
  },
);
