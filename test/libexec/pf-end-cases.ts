import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseAddress } from '../../src/core/address.ts';
import { endArguments, helperLine } from '../../src/pf/commands.ts';
import { readProjectFile } from '../docs/page.ts';

/** The only line that differs in the copies of the helper for tests. */
const PFCTL_LINE = '\npfctl=/sbin/pfctl\n';

/** Installs a copy of the helper that runs another pfctl; returns its path. */
export function copyHelper(folder: string, pfctl: string): string {
  const text = readProjectFile('libexec/pf-end');
  expect(text.split(PFCTL_LINE)).toHaveLength(2);
  const file = join(folder, 'pf-end');
  writeFileSync(file, text.replace(PFCTL_LINE, `\npfctl='${pfctl}'\n`));
  chmodSync(file, 0o555);
  return file;
}

interface Ran {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The arguments of each pfctl that the helper ran. */
  readonly calls: readonly (readonly string[])[];
}

const REFUSED = /^pf-end: (line \d+: expected|line \d+ has no end|no operation|more than)/;

/** Tests libexec/pf-end, run by `shell` or, if that is empty, by its interpreter line. */
export function describePfEnd(shell: readonly string[]): void {
  let folder = '';
  let helper = '';
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hfm-pf-end-'));
    const notes = join(folder, 'calls');
    const pfctl = join(folder, 'pfctl');
    writeFileSync(
      pfctl,
      `#!/bin/sh
for word; do printf '%s\\n' "$word"; done >>'${notes}'; echo >>'${notes}'
echo "killed 1 states" >&2
case $2 in 10.0.0.66) echo "to stdout"; exit 7 ;; esac
`,
      { mode: 0o755 },
    );
    helper = copyHelper(folder, pfctl);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const run = (input: string | Buffer, args: readonly string[] = [], env = {}): Ran => {
    rmSync(join(folder, 'calls'), { force: true });
    const [program = '', ...argv] = [...shell, helper, ...args];
    const { status, stdout, stderr, error } = spawnSync(program, argv, {
      input,
      cwd: folder,
      encoding: 'utf8',
      env: { PATH: '/nonexistent', ...env },
    });
    // Ignores EPIPE: the helper stops reading at what it refuses.
    const isReal = error !== undefined && !('code' in error && error.code === 'EPIPE');
    if (isReal) throw error;
    const notes = join(folder, 'calls');
    const text = existsSync(notes) ? readFileSync(notes, 'utf8') : '';
    const calls = text.split('\n\n').filter((one) => one !== '');
    return { code: status, stdout, stderr, calls: calls.map((one) => one.split('\n')) };
  };

  describe('the helper', () => {
    test('runs pfctl with the arguments that the driver would use', () => {
      const operations = [
        { kind: 'state', id: '425d006b00000000/8641e0ae' },
        { kind: 'state', id: '1/f' },
        { kind: 'client', address: '198.51.100.7' },
        { kind: 'client', address: '2001:db8::7' },
        { kind: 'backend', address: '10.2.1.11' },
        { kind: 'backend', address: '::ffff:10.2.1.11' },
      ] as const;
      const { code, stderr, calls } = run(operations.map((one) => `${helperLine(one)}\n`).join(''));
      expect(calls).toEqual(operations.map(endArguments));
      expect([code, stderr]).toEqual([0, 'killed 1 states\n'.repeat(operations.length)]);
    });

    test('stops at the first pfctl that fails, with its output and its exit status', () => {
      const ran = run('client 10.0.0.1\nclient 10.0.0.66\nclient 10.0.0.3\n');
      expect(ran).toMatchObject({ code: 7, stdout: 'to stdout\n' });
      expect(ran.calls).toHaveLength(2);
    });

    test('accepts every form of address that hfm accepts, as pf prints it', () => {
      const { code, calls } = run(GOOD_ADDRESSES.map((one) => `client ${one}\n`).join(''));
      expect(calls.map(([, address]) => address)).toEqual(GOOD_ADDRESSES);
      expect(code).toBe(0);
      const parsed = GOOD_ADDRESSES.map(parseAddress);
      expect(parsed.filter(({ ok }) => !ok)).toEqual([]);
    });

    test('accepts an address if and only if hfm does', () => {
      const text = fc.oneof(
        fc.ipV4(),
        fc.ipV6(),
        fc.array(fc.constantFrom(...'0123456789abcf.::'), { maxLength: 20 }).map((c) => c.join('')),
      );
      const accepted = new Set<string>();
      const property = fc.property(text, (one) => {
        const { calls } = run(`client ${one}\n`);
        if (calls.length > 0) accepted.add(one);
        expect([one, calls.length]).toEqual([one, parseAddress(one).ok ? 1 : 0]);
      });
      fc.assert(property, { numRuns: 150 });
      expect(accepted.size).toBeGreaterThan(10);
    });
  });

  describe('the helper refuses', () => {
    test.each(HOSTILE.map((input) => [input]))('%j and runs nothing', (input) => {
      const ran = run(input);
      expect(ran.calls).toEqual([]);
      expect([ran.code, ran.stdout]).toEqual([65, '']);
      expect(ran.stderr).toMatch(REFUSED);
      expect(readdirSync(folder).sort()).toEqual(['pf-end', 'pfctl']);
    });

    test('a line without showing it, and stops there', () => {
      const ran = run('client 10.0.0.1\nclient \x1b[31m10.0.0.2\nclient 10.0.0.3\n');
      expect(ran.calls).toEqual([['-K', '10.0.0.1']]);
      expect(ran.stderr).toBe(
        'killed 1 states\npf-end: line 2: expected state ID/CREATOR, client ADDRESS or backend ADDRESS\n',
      );
    });

    test('a line without its newline, which may be incomplete', () => {
      const ran = run('client 10.0.0.1\nclient 10.0.0.2');
      expect(ran).toMatchObject({ code: 65, calls: [['-K', '10.0.0.1']] });
      expect(ran.stderr).toMatch(/line 2 has no end/);
    });

    test('any argument', () => {
      for (const args of [['-F', 'all'], ['client 10.0.0.1'], [''], ['--'], ['-h']]) {
        const ran = run('client 10.0.0.1\n', args);
        expect([args, ran]).toMatchObject([args, { code: 64, calls: [] }]);
      }
    });

    test('more input than its limit, in bounded memory', () => {
      for (const input of [Buffer.alloc(20_000_000, 'a'), 'client 10.0.0.1\n'.repeat(100_000)]) {
        const ran = run(input);
        expect(ran.code).toBe(65);
        expect(ran.calls.length).toBeLessThanOrEqual(256);
      }
    });
  });

  test('the environment does not change what the helper runs', () => {
    writeFileSync(join(folder, 'evil'), 'echo evil >evil-was-here\nexit 0\n', { mode: 0o755 });
    const evil = join(folder, 'evil');
    const env = {
      pfctl: evil,
      PATH: folder,
      ENV: evil,
      BASH_ENV: evil,
      IFS: '0./',
      max_bytes: '9',
    };
    for (const name of ['dd', 'tr', 'printf']) writeFileSync(join(folder, name), 'exit 0');
    const ran = run('client 10.0.0.1\n', [], env);
    expect(ran).toMatchObject({ code: 0, calls: [['-K', '10.0.0.1']] });
    expect(existsSync(join(folder, 'evil-was-here'))).toBe(false);
    for (const name of ['evil', 'dd', 'tr', 'printf']) rmSync(join(folder, name));
  });
}

const GOOD_ADDRESSES = [
  '0.0.0.0',
  '1.2.3.4',
  '10.99.100.199',
  '200.249.250.255',
  '::',
  '::1',
  'fe80::1',
  '1:2:3:4:5:6:7:8',
  '1::8',
  '1:2:3:4:5:6:7::',
  '::2:3:4:5:6:7:8',
  '2001:db8::ffff:0:1',
  '::ffff:10.0.0.1',
  '::10.0.0.1',
  '64:ff9b::192.0.2.33',
  '1:2:3:4:5:6:10.0.0.1',
];

/** Inputs whose first line must be refused. */
const HOSTILE: readonly string[] = [
  '',
  '\n',
  ' \n',
  'client\n',
  'client \n',
  'client  10.0.0.1\n',
  ' client 10.0.0.1\n',
  'client 10.0.0.1 \n',
  'client 10.0.0.1\r\n',
  'client\t10.0.0.1\n',
  'client 10.0.0.1 10.0.0.2\n',
  'Client 10.0.0.1\n',
  'clients 10.0.0.1\n',
  'flush all\n',
  '-F all\n',
  '-k id -k 1/1\n',
  'client -F\n',
  'client -Fall\n',
  'client --\n',
  'client -\n',
  'state -F all\n',
  'state -k\n',
  'client 10.0.0.1; rm -rf .\n',
  'client 10.0.0.1;id\n',
  'client $(touch evil)\n',
  'client `touch evil`\n',
  'client $IFS\n',
  'client $pfctl\n',
  'client *\n',
  'client ?\n',
  'client [0-9]\n',
  'client pf*\n',
  'client 10.0.0.1 & touch evil\n',
  'client 10.0.0.1 | touch evil\n',
  'client 10.0.0.1 > evil\n',
  "client '10.0.0.1'\n",
  'client "10.0.0.1"\n',
  'client 10.0.0.1\\\n',
  'client 10.0.0.\\1\n',
  'client 10.0.0.1\0\n',
  'cli\0ent 10.0.0.1\n',
  '\0\n',
  'client 10.0.0.1\x0b\n',
  'client １０.0.0.1\n',
  'client 10.0.0.١\n',
  'client ｆe80::1\n',
  'client 10.0.0.1\u2028\n',
  '\ufeffclient 10.0.0.1\n',
  `client ${'1'.repeat(3000)}\n`,
  `${'x'.repeat(4095)}\n`,
  `client 10.0.0.1${' '.repeat(4000)}\n`,
  'client lb1.example.org\n',
  'client localhost\n',
  'client 10.0.0.0/8\n',
  'client 0/0\n',
  'client !10.0.0.1\n',
  'client 10.0.0\n',
  'client 10\n',
  'client 10.0.0.1.2\n',
  'client 10.0.0.\n',
  'client .10.0.0.1\n',
  'client 10..0.1\n',
  'client 010.0.0.1\n',
  'client 10.0.0.256\n',
  'client 10.0.0.1000\n',
  'client 10.0.0.-1\n',
  'client 0x0a.0.0.1\n',
  'client :\n',
  'client :::\n',
  'client ::1::\n',
  'client 1::2::3\n',
  'client :1\n',
  'client 1:\n',
  'client :1:2:3:4:5:6:7\n',
  'client 1:2:3:4:5:6:7\n',
  'client 1:2:3:4:5:6:7:8:9\n',
  'client 1:2:3:4::5:6:7:8\n',
  'client 12345::\n',
  'client g::\n',
  'client FE80::1\n',
  'client fe80::1%em0\n',
  'client fe80::/10\n',
  'client ::10.0.0.256\n',
  'client ::10.0.0\n',
  'client 10.0.0.1::\n',
  'client 10.0.0.1:80\n',
  'client [::1]\n',
  'client 1:2:3:4:5:6:7:10.0.0.1\n',
  'backend 0.0.0.0/0\n',
  'backend -K\n',
  'backend\n',
  'state\n',
  'state \n',
  'state 1\n',
  'state 1/\n',
  'state /1\n',
  'state /\n',
  'state 1//1\n',
  'state 1/1/1\n',
  'state 0x1/1\n',
  'state 1g/1\n',
  'state 1/1g\n',
  'state A/1\n',
  'state 11111111111111111/1\n',
  'state 1/111111111\n',
  'state 1/1 1/2\n',
  'state label\n',
  'state 1/1;id\n',
  'state ../1\n',
  'client 10.0.0.1',
  'state 1/1',
];
