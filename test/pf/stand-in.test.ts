import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, describe, expect, test } from 'vitest';
import { type Os, openPf, type Pf } from './seed.mjs';
import { main } from './stand-in/pfctl.mjs';

const root = mkdtempSync(join(tmpdir(), 'hfm-pf-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let machines = 0;

function machine(os: Os = 'openbsd'): Pf {
  machines += 1;
  return openPf(join(root, String(machines)), { os });
}

function call(pf: Pf, line: string, stdin = '') {
  return main(line.split(' '), stdin, pf.env);
}

const INBOUND = {
  direction: 'in',
  client: '10.0.2.2:51784',
  vip: '10.0.2.15:8080',
  backend: '10.99.0.12:9000',
  label: 'in',
} as const;
const OUTBOUND = {
  direction: 'out',
  client: '10.0.2.2:51784',
  backend: '10.99.0.12:9000',
  label: 'out',
} as const;

test('test/pf/pfctl is the stand-in; the environment has its system and folder', async () => {
  const pf = machine('freebsd');
  const program = fileURLToPath(new URL('./pfctl', import.meta.url));
  const env = { ...pf.env, PATH: process.env.PATH ?? '' };
  const run = promisify(execFile)(program, ['-t', 'nope', '-T', 'show'], { env });
  await expect(run).rejects.toMatchObject({ code: 255, stderr: 'pfctl: Table does not exist.\n' });
});

test('a missing folder and an unknown system are errors of the stand-in', async () => {
  await expect(main(['-e'], '', {})).rejects.toThrow('HFM_PF_STATE names no folder');
  await expect(main(['-e'], '', { HFM_PF_OS: 'netbsd' })).rejects.toThrow('HFM_PF_OS=netbsd');
});

test('a command that the stand-in does not model exits 70', async () => {
  const { code, stderr } = await machine().run(['-s', 'rules']);
  expect([code, stderr]).toEqual([70, 'pfctl stand-in: -s rules is not part of the stand-in\n']);
});

describe('the call log', () => {
  test('has every call with its input and exit status', async () => {
    const pf = machine();
    await call(pf, '-t web -T replace -f -', '10.0.0.1\n');
    await call(pf, '-t nope -T show');
    await call(pf, '-t web');
    expect(pf.calls()).toMatchObject([
      { argv: ['-t', 'web', '-T', 'replace', '-f', '-'], stdin: '10.0.0.1\n', exit: 0 },
      { argv: ['-t', 'nope', '-T', 'show'], stdin: '', exit: 255 },
      { argv: ['-t', 'web'], exit: 1 },
    ]);
    pf.clearCalls();
    expect(pf.calls()).toEqual([]);
  });

  test('has the first 16384 characters of a long input, and its size', async () => {
    const pf = machine();
    await call(pf, '-t web -T replace -f -', '10.0.0.1\n'.repeat(10_000));
    expect(pf.calls()[0]).toMatchObject({ stdinBytes: 90_000 });
    expect(pf.calls()[0]?.stdin).toHaveLength(16_384);
  });
});

describe('addresses', () => {
  test.each([
    ['openbsd', '10.0.0.1'],
    ['freebsd', '8.0.0.1'],
  ] as const)('010.0.0.1 on %s is %s', async (os, address) => {
    const pf = machine(os);
    await call(pf, '-t web -T add 010.0.0.1');
    expect(pf.table('web')).toEqual([address]);
  });

  test.each([
    ['fe80::1', 'fe80::1'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['::ffff:1.2.3.4', '::ffff:1.2.3.4'],
    ['1:0:0:2:0:0:0:3', '1:0:0:2::3'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:db8:ffff:ffff::/34', '2001:db8:c000::/34'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['10.255.255.255/9', '10.128.0.0/9'],
  ])('%s is shown as %s', async (given, shown) => {
    const pf = machine();
    await call(pf, `-t web -T add ${given}`);
    expect(pf.table('web')).toEqual([shown]);
  });

  test.each(['1.2.3', '1.2.3.4.5', '1::2::3', 'fe80::1%em0', 'localhost', '10.0.0.1:80'])(
    '%s is not an address',
    async (given) => {
      const { code, stderr } = await call(machine(), `-t web -T add ${given}`);
      expect([code, stderr]).toEqual([255, `no IP address found for ${given}\n`]);
    },
  );
});

describe('anchors', () => {
  test('do not have the tables of the main ruleset; an add creates one of the same name', async () => {
    for (const os of ['openbsd', 'freebsd'] as const) {
      const pf = machine(os);
      await pf.load('table <web> persist { 10.0.0.1 }\nanchor "hfm"\n');
      await pf.load('pass in from <web> to any\n', { anchor: 'hfm' });
      expect((await call(pf, '-a hfm -t web -T show')).code).toBe(255);
      expect((await call(pf, '-a hfm -t web -T add 10.0.0.9')).stderr).toBe(
        'pfctl: warning: table <web> already defined in anchor "/"\n' +
          '1 table created.\n1/1 addresses added.\n',
      );
      expect(pf.table('web')).toEqual(['10.0.0.1']);
      expect(pf.table('web', { anchor: 'hfm' })).toEqual(['10.0.0.9']);
      expect(pf.tables()).toEqual([
        { name: 'web', anchor: '', flags: '-pa--h-' },
        { name: 'web', anchor: 'hfm', flags: '-pa-r--' },
      ]);
    }
  });

  test('are listed by -v -s Tables in the form of the system', async () => {
    for (const [os, line] of [
      ['openbsd', '-pa----\tweb@hfm\n'],
      ['freebsd', '-pa----\tweb\thfm\n'],
    ] as const) {
      const pf = machine(os);
      pf.setTable('web', [], { anchor: 'hfm' });
      expect((await call(pf, '-a hfm -v -s Tables')).stdout).toBe(line);
    }
  });

  test('exist when rules call them', async () => {
    const pf = machine();
    await pf.load('anchor "hfm/*"\n');
    expect((await call(pf, '-a hfm -s Tables')).code).toBe(0);
    expect((await call(pf, '-a other -s Tables')).code).toBe(1);
    expect((await call(pf, '-s Anchors')).stdout).toBe('  hfm\n');
  });
});

describe('pf.conf', () => {
  test('rdr-to and rdr refer to their tables', async () => {
    for (const rule of [
      'pass in proto tcp to port 80 rdr-to <web> port 9000 round-robin sticky-address',
      'rdr on em0 inet proto tcp to any port 80 -> <web> port 9000',
    ]) {
      const pf = machine();
      await pf.load(`backends = "{ 10.0.0.1, 10.0.0.2 }" # two\ntable <web> $backends\n${rule}\n`);
      expect(pf.table('web')).toEqual(['10.0.0.1', '10.0.0.2']);
      expect(pf.tables()[0]?.flags).toBe('--a-r--');
    }
  });

  test('a table without persist is deleted with its last rule', async () => {
    const pf = machine();
    await pf.load('table <web> { 10.0.0.1 }\npass from <web>\n');
    await pf.load('pass all\n');
    expect(pf.table('web')).toBeUndefined();
  });

  test('may have lists over several lines, files, and rules inside an anchor', async () => {
    const pf = machine();
    const file = join(pf.folder, 'list');
    writeFileSync(file, '10.0.1.1 # one\n!10.0.1.2\n');
    await pf.load(
      `table <web> persist {\n  10.0.0.1, # first\n  !10.0.0.2\n}\n` +
        `table <filed> persist file "${file}"\nanchor "hfm" {\n  pass from <web>\n}\n`,
    );
    expect(pf.table('web')).toEqual(['10.0.0.1', '!10.0.0.2']);
    expect(pf.table('filed')).toEqual(['10.0.1.1', '!10.0.1.2']);
    expect(pf.tables().find(({ name }) => name === 'web')?.flags).toBe('-pa--h-');
  });

  test('with an error is not loaded', async () => {
    const pf = machine();
    const { code, stderr } = await call(pf, '-f -', 'table <web> persist\nbogus rule\n');
    expect([code, stderr]).toEqual([
      1,
      'stdin:2: syntax error\npfctl: Syntax error in config file: pf rules not loaded\n',
    ]);
    expect(pf.tables()).toEqual([]);
  });
});

describe('states and source nodes', () => {
  test.each([
    ['-k 0.0.0.0/0 -k 10.99.0.12', { openbsd: ['in'], freebsd: ['in', 'out'] }],
    ['-k 0.0.0.0/0 -k 10.0.2.15', { openbsd: ['out'], freebsd: ['in', 'out'] }],
    ['-k 10.0.2.2', { openbsd: [], freebsd: [] }],
    ['-k label -k in', { openbsd: ['out'], freebsd: ['out'] }],
    ['-k 10.99.0.12', { openbsd: ['in', 'out'], freebsd: ['in', 'out'] }],
  ])('pfctl %s ends the states that it ends on each system', async (line, left) => {
    for (const os of ['openbsd', 'freebsd'] as const) {
      const pf = machine(os);
      pf.setStates([INBOUND, OUTBOUND]);
      expect((await call(pf, line)).code).toBe(0);
      expect(pf.states().map(({ direction }) => direction)).toEqual(left[os]);
    }
  });

  test('an id without a creator is that of a state of this machine', async () => {
    const pf = machine();
    const id = '00000000000000aa';
    pf.setStates([
      { ...INBOUND, id, creatorid: '00000001' },
      { ...INBOUND, id },
    ]);
    expect((await call(pf, `-k id -k ${id}`)).stderr).toBe('killed 1 states\n');
    expect((await call(pf, `-k id -k ${id}/1`)).stderr).toBe('killed 1 states\n');
    expect(pf.states()).toEqual([]);
  });

  test('added states get unique ids', () => {
    const pf = machine();
    pf.setStates([INBOUND, OUTBOUND]);
    pf.addStates([INBOUND]);
    expect(new Set(pf.states().map(({ id }) => id)).size).toBe(3);
    expect(() => pf.addStates([{ ...INBOUND, backend: 'web1:80' }])).toThrow('no address');
  });

  test('-K with two addresses works on OpenBSD only, and does not end states', async () => {
    for (const [os, left] of [
      ['openbsd', 1],
      ['freebsd', 2],
    ] as const) {
      const pf = machine(os);
      pf.setStates([INBOUND]);
      pf.setSources([
        { client: '10.0.2.2', backend: '10.99.0.12' },
        { client: '10.0.2.3', backend: '10.99.0.13' },
      ]);
      await call(pf, '-K 0.0.0.0/0 -K 10.99.0.12');
      expect(pf.sources()).toHaveLength(left);
      await call(pf, '-K 10.0.2.3');
      expect(pf.sources()).toHaveLength(left - 1);
      expect(pf.states()).toHaveLength(1);
    }
  });

  test('OpenBSD prints rdr-to between client and backend', async () => {
    const pf = machine();
    pf.setSources([{ client: '10.0.2.2', backend: '10.99.0.12', states: 3 }]);
    expect((await call(pf, '-s Sources')).stdout).toBe(
      '10.0.2.2 rdr-to 10.99.0.12 ( states 3, connections 0, rate 0.0/0s )\n',
    );
  });

  test('-k with a host that is not an address exits 1 (recorded: obsd-read-k-gateway)', async () => {
    const { code, stderr } = await call(machine(), '-k gateway -k 10.0.0.1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^pfctl: getaddrinfo: /);
  });
});

test('at securelevel 2 of OpenBSD tables change, but tables, rules and states neither come nor go', async () => {
  const pf = machine();
  pf.setTable('web', ['10.0.0.1']);
  pf.setStates([INBOUND]);
  pf.setStatus({ securelevel: 2 });
  expect((await call(pf, '-t web -T replace 10.0.0.2')).code).toBe(0);
  expect((await call(pf, '-t new -T add 10.0.0.2')).code).toBe(255);
  expect((await call(pf, '-t web -T kill')).code).toBe(255);
  expect((await call(pf, '-k 10.0.2.2')).code).toBe(1);
  expect((await call(pf, '-f -', 'pass all\n')).code).toBe(1);
  expect(pf.table('web')).toEqual(['10.0.0.2']);
  expect(pf.states()).toHaveLength(1);
});
