import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TableRef } from '../../src/core/table.ts';
import {
  type EndOperation,
  endArguments,
  endLine,
  type PfctlCommands,
  PLAIN,
  SEALED,
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

/** A pf with a table of that name in the main ruleset, in the anchor, and in one beside it. */
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
  test('what is sealed for sudo does what the plain command does', async () => {
    const plain = everyCommand(PLAIN);
    for (const [i, sealed] of everyCommand(SEALED).entries()) {
      const [one, other] = [machine(os), machine(os)];
      const stdin = '10.0.0.1\n';
      const expected = await main([...(plain[i] ?? [])], stdin, one.env);
      expect(expected.code).toBe(0);
      expect(await main([...sealed], stdin, other.env)).toEqual(expected);
      expect(contents(other)).toEqual(contents(one));
    }
  });

  test('every other reading of a sealed command is refused, or makes an empty table nowhere', async () => {
    for (const sealed of everyCommand(SEALED)) {
      for (const reading of otherReadings(sealed)) {
        const pf = machine(os);
        const before = contents(pf);
        const { code } = await main(reading, '10.0.0.1\n', pf.env);
        pf.removeTable('web', { anchor: 'hfm -f-' });
        expect([reading, contents(pf)]).toEqual([reading, before]);
        if (!reading.includes('-ahfm -f-')) expect([reading, code]).toEqual([reading, 1]);
      }
    }
  });
});

/** Which is why it is not for sudo. */
test('another reading of a plain command has a file of its own', async () => {
  const plain = PLAIN.table('add', WEB);
  expect(otherReadings(plain)).toContainEqual(['-t', 'web', '-T', 'add', '-f -']);
});

/** The words run together in every way that has the same text, with spaces between the words. */
function otherReadings(words: readonly string[]): string[][] {
  const readings: string[][] = [];
  for (let joined = 1; joined < 2 ** (words.length - 1); joined++) {
    const reading: string[] = [];
    for (const [i, word] of words.entries()) {
      const isJoined = i > 0 && (joined & (1 << (i - 1))) !== 0;
      if (isJoined) reading.push(`${reading.pop()} ${word}`);
      else reading.push(word);
    }
    readings.push(reading);
  }
  return readings;
}

test.each<[EndOperation, string, string]>([
  [{ kind: 'state', id: '42/ab' }, '-k id -k 42/ab', 'state 42/ab'],
  [{ kind: 'client', address: '10.0.0.1' }, '-K 10.0.0.1', 'client 10.0.0.1'],
  [{ kind: 'backend', address: '10.0.0.1' }, '-K 0.0.0.0/0 -K 10.0.0.1', 'backend 10.0.0.1'],
  [{ kind: 'backend', address: 'fd00::1' }, '-K ::/0 -K fd00::1', 'backend fd00::1'],
])('%j is for pfctl "%s" and for the helper "%s"', (operation, args, line) => {
  expect([endArguments(operation).join(' '), endLine(operation)]).toEqual([args, line]);
});
