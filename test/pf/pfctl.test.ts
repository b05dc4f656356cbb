import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import type { TableRef } from '../../src/core/table.ts';
import type { PfDriver, PfResult } from '../../src/pf/driver.ts';
import { createPfctlDriver } from '../../src/pf/pfctl.ts';
import type { Exec, ExecRequest, ExecResult } from '../../src/process/exec.ts';
import { systemExec } from '../../src/process/system-exec.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { addresses } from '../fakes/config.ts';
import { createFakeExec, HANGS } from '../fakes/exec.ts';
import { type Fault, type Os, openPf, type Pf } from './seed.mjs';

const root = mkdtempSync(join(tmpdir(), 'hfm-pfctl-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const OSES = ['openbsd', 'freebsd'] as const;
const AS_HFM = { helper: null, user: '_hfm' };
const WEB: TableRef = { table: 'web', anchor: null };
const IN_HFM: TableRef = { table: 'web', anchor: 'hfm' };
const [A, B, C] = addresses('10.0.0.1', '10.0.0.2', 'fd00::1') as [never, never, never];

let machines = 0;

function machine(os: Os): { pf: Pf; driver: PfDriver } {
  machines += 1;
  const pf = openPf(join(root, String(machines)), { os });
  return { pf, driver: createPfctlDriver({ exec: systemExec, pfctl: [pf.command], ...AS_HFM }) };
}

function kindOf(result: PfResult<unknown>): string {
  return result.ok ? 'ok' : result.error.kind;
}

describe.concurrent.for(OSES)('on %s', (os) => {
  test('adds, shows, deletes and replaces, in the main ruleset and in an anchor', async () => {
    const { pf, driver } = machine(os);
    pf.setTable('web', ['192.0.2.9', '!192.0.2.10']);
    pf.setTable('web', [], { anchor: 'hfm' });
    expect(await driver.add(WEB, [A, B])).toEqual({ ok: true, value: null });
    expect(await driver.show(WEB)).toEqual({ ok: true, value: [A, B, '192.0.2.9', '!192.0.2.10'] });
    expect(await driver.remove(WEB, [A, '!192.0.2.10'])).toMatchObject({ ok: true });
    expect(await driver.replace(IN_HFM, [A, C])).toMatchObject({ ok: true });
    expect(pf.table('web')).toEqual([B, '192.0.2.9']);
    expect(await driver.show(IN_HFM)).toEqual({ ok: true, value: [A, C] });
    expect(pf.calls().map(({ argv, stdin }) => [argv.join(' '), stdin])).toEqual([
      ['-t web -T add -f -', `${A}\n${B}\n`],
      ['-t web -T show', ''],
      ['-t web -T delete -f -', `${A}\n!192.0.2.10\n`],
      ['-a hfm -t web -T replace -f -', `${A}\n${C}\n`],
      ['-a hfm -t web -T show', ''],
    ]);
  });

  test('lists tables with whether they are const and whether rules use them, also of an anchor', async () => {
    const { pf, driver } = machine(os);
    pf.setTable('web', []);
    pf.setTable('weeb', []);
    pf.setTable('fixed', [], { const: true });
    pf.setTable('inner', [], { anchor: 'hfm' });
    pf.setReferences(['web']);
    pf.setReferences(['inner'], { anchor: 'hfm' });
    expect(await driver.tables(null)).toEqual({
      ok: true,
      value: [
        { table: 'fixed', isConst: true, isUsed: false },
        { table: 'web', isConst: false, isUsed: true },
        { table: 'weeb', isConst: false, isUsed: false },
      ],
    });
    expect(await driver.tables('hfm')).toEqual({
      ok: true,
      value: [{ table: 'inner', isConst: false, isUsed: true }],
    });
  });

  test('ends the source nodes that lead to a backend where the system can, and those of a client', async () => {
    const { pf, driver } = machine(os);
    pf.setSources([
      { client: '198.51.100.7', backend: '10.0.0.1' },
      { client: '198.51.100.8', backend: '10.0.0.1' },
      { client: '2001:db8::7', backend: 'fd00::1' },
    ]);
    const seen: unknown[] = [];
    expect(await driver.eachSource((node) => seen.push(node))).toMatchObject({ ok: true });
    expect(seen).toHaveLength(3);
    // Stock FreeBSD 15.1 reports 0 and ends none.
    const ended = os === 'openbsd' ? 2 : 0;
    expect(await driver.endSourcesTo('10.0.0.1')).toEqual({ ok: true, value: ended });
    expect(await driver.endSourcesTo('fd00::1')).toEqual({ ok: true, value: ended / 2 });
    expect(await driver.endSourcesOf('198.51.100.7')).toMatchObject({ ok: true });
    expect(pf.sources().map(({ client }) => client)).toEqual(
      os === 'openbsd' ? [] : ['198.51.100.8', '2001:db8::7'],
    );
  });

  test('lists states with ids and ends them by id; ending one that is gone is no error', async () => {
    const { pf, driver } = machine(os);
    const vip = '192.0.2.1:80';
    const client = '198.51.100.7:5001';
    pf.setStates([
      { direction: 'in', client, vip, backend: '10.0.0.1:8080', creatorid: '38815f6' },
      { direction: 'out', client, backend: '10.0.0.1:8080', sticky: true },
    ]);
    const ids: (string | null)[] = [];
    await driver.eachState(({ id }) => ids.push(id), { ids: true });
    expect(ids).toHaveLength(2);
    for (const id of ids) expect(await driver.endState(id ?? '')).toMatchObject({ ok: true });
    expect(pf.states()).toEqual([]);
    expect(await driver.endState(ids[0] ?? '')).toMatchObject({ ok: true });
    expect(await driver.eachState(() => {}, { ids: false })).toMatchObject({ ok: true });
  });

  test('reports a missing table, a missing anchor and a const table', async () => {
    const { pf, driver } = machine(os);
    pf.setTable('fixed', ['10.0.0.1'], { const: true });
    const fixed = { table: 'fixed', anchor: null };
    expect(await driver.show(WEB)).toMatchObject({
      error: {
        kind: 'missing-table',
        message: expect.stringMatching(
          /^pfctl -t web -T show exited 255: pfctl: Table does not exist\.?$/,
        ),
      },
    });
    expect(kindOf(await driver.show({ table: 'web', anchor: 'nope' }))).toBe('missing-table');
    expect(kindOf(await driver.remove(fixed, [A]))).toBe('const-table');
    expect(kindOf(await driver.add(fixed, [B]))).toBe('const-table');
    expect(kindOf(await driver.replace(fixed, [B]))).toBe('const-table');
    expect(kindOf(await driver.show(fixed))).toBe('ok');
  });

  const KINDS: readonly [Fault, string][] = [
    [{ fault: 'permission' }, 'permission'],
    [{ fault: 'missing-device' }, 'missing-device'],
    [{ fault: 'fail' }, 'refused'],
    [{ fault: 'fail', stderr: 'doas: Operation not permitted\n' }, 'permission'],
    [{ fault: 'fail', stderr: 'sudo: a password is required\n' }, 'permission'],
    [{ fault: 'fail', stderr: 'sudo: /x/pf-end: command not found\n' }, 'missing-program'],
    [{ fault: 'fail', stderr: 'doas: /x/pf-end: command not found\n' }, 'missing-program'],
    [{ fault: 'kill-before' }, 'killed'],
    [{ fault: 'kill-after' }, 'killed'],
    [{ fault: 'nonsense-stdout' }, 'unexpected-output'],
    [{ fault: 'nonsense-stderr' }, 'refused'],
    [{ fault: 'hold-pipes', ms: 2000 }, 'hung'],
  ];

  test('every fault has its kind of error', async () => {
    const { pf, driver } = machine(os);
    pf.setTable('web', ['10.0.0.1']);
    for (const [fault, kind] of KINDS) {
      pf.setFaults(fault);
      expect([fault, kindOf(await driver.show(WEB))]).toEqual([fault, kind]);
    }
  });

  test('a listing of other text is an error', async () => {
    const { pf, driver } = machine(os);
    pf.setFaults({ fault: 'nonsense-stdout', bytes: 100_000 });
    expect(kindOf(await driver.eachState(() => {}, { ids: false }))).toBe('unexpected-output');
    expect(kindOf(await driver.eachState(() => {}, { ids: true }))).toBe('unexpected-output');
    expect(kindOf(await driver.eachSource(() => {}))).toBe('unexpected-output');
    expect(kindOf(await driver.tables(null))).toBe('unexpected-output');
  });
});

describe('a pfctl', () => {
  const script = (body: string): PfDriver => {
    machines += 1;
    const file = join(root, `script-${machines}`);
    writeFileSync(file, `#!/bin/sh\n${body}\n`);
    chmodSync(file, 0o755);
    return createPfctlDriver({ exec: systemExec, pfctl: [file], ...AS_HFM });
  };
  const LINE =
    'all tcp 10.2.1.1:80 (192.0.2.1:80) <- 198.51.100.7:5001       ESTABLISHED:ESTABLISHED';

  test('whose output stays open after its end is an error', async () => {
    expect(await script("echo '   10.0.0.1'; sleep 2 &").show(WEB)).toMatchObject({
      error: { kind: 'hung', message: expect.stringContaining('holds its output open') },
    });
  });

  test('that is killed during a listing is an error', async () => {
    const driver = script(`echo '${LINE}'; kill -9 $$`);
    expect(kindOf(await driver.eachState(() => {}, { ids: false }))).toBe('killed');
  });

  test('that prints more than 16 MB for a table is an error', async () => {
    const driver = script("yes '   10.0.0.1' | head -c 17000000");
    expect(kindOf(await driver.show(WEB))).toBe('unexpected-output');
  });

  test('that prints an endless line takes little memory', async () => {
    const driver = script('head -c 200000000 /dev/zero');
    const before = process.memoryUsage().rss;
    expect(kindOf(await driver.eachState(() => {}, { ids: false }))).toBe('unexpected-output');
    expect(process.memoryUsage().rss - before).toBeLessThan(150_000_000);
  });

  test('that is missing has another error than one that may not run', async () => {
    const gone = createPfctlDriver({ exec: systemExec, pfctl: [join(root, 'no-such')], ...AS_HFM });
    expect(kindOf(await gone.show(WEB))).toBe('missing-program');
    writeFileSync(join(root, 'plain'), '');
    const plain = createPfctlDriver({ exec: systemExec, pfctl: [join(root, 'plain')], ...AS_HFM });
    expect(kindOf(await plain.show(WEB))).toBe('permission');
  });
});

describe('each call', () => {
  /** A driver whose pfctl always has this result. */
  function scripted(result: ExecResult) {
    const requests: ExecRequest[] = [];
    const exec: Exec = async (request) => {
      requests.push(request);
      return result;
    };
    const driver = createPfctlDriver({ exec, pfctl: ['/usr/bin/doas', '/sbin/pfctl'], ...AS_HFM });
    return { requests, driver };
  }
  const exits = (code: number, { stdout = '', stderr = '' } = {}): ExecResult => {
    return { kind: 'exited', code, stdout, stderr, durationMs: 1 };
  };

  test('has the prefix in front, and the same argv for any addresses', async () => {
    const { requests, driver } = scripted(exits(0));
    for (const some of [[A], [A, B], [C]]) await driver.add(WEB, some);
    const argvs = new Set(requests.map(({ argv }) => argv.join(' ')));
    expect([...argvs]).toEqual(['/usr/bin/doas /sbin/pfctl -t web -T add -f -']);
    expect(requests.map(({ stdin }) => stdin)).toEqual([`${A}\n`, `${A}\n${B}\n`, `${C}\n`]);
  });

  test('is hung after its deadline', async () => {
    const clock = createFakeClock();
    const fake = createFakeExec(clock);
    fake.answer(HANGS);
    const driver = createPfctlDriver({ exec: fake.exec, pfctl: ['/sbin/pfctl'], ...AS_HFM });
    const show = driver.show(WEB);
    const states = driver.eachState(() => {}, { ids: false });
    await clock.advance(4000);
    expect(await show).toMatchObject({
      error: { kind: 'hung', message: 'pfctl -t web -T show did not end within 4000 ms' },
    });
    await clock.advance(26_000);
    expect(kindOf(await states)).toBe('hung');
  });

  test('that only lists is aborted when hfmd stops, one that changes a table is not', async () => {
    const clock = createFakeClock();
    const fake = createFakeExec(clock);
    fake.answer(HANGS);
    const stopping = new AbortController();
    const driver = createPfctlDriver({
      exec: fake.exec,
      pfctl: ['/sbin/pfctl'],
      ...AS_HFM,
      signal: stopping.signal,
    });
    const add = driver.add(WEB, [A]);
    const tables = driver.tables(null);
    await clock.advance(10);
    stopping.abort();
    expect(kindOf(await tables)).toBe('killed');
    await clock.advance(4000);
    expect(kindOf(await add)).toBe('hung');
  });

  test('that changes a table throws without an address', async () => {
    const { requests, driver } = scripted(exits(0));
    for (const change of [driver.add, driver.remove, driver.replace]) {
      await expect(change(WEB, [])).rejects.toThrow('without an address');
    }
    expect(requests).toEqual([]);
  });

  test.for([
    ['   10.0.0.1\n  !10.0.0.0/8\n   fe80::1%em0\n', ['10.0.0.1', '!10.0.0.0/8', 'fe80::1%em0']],
    ['', []],
  ] as const)('parses %j', async ([stdout, entries]) => {
    const { driver } = scripted(exits(0, { stdout }));
    expect(await driver.show(WEB)).toEqual({ ok: true, value: entries });
  });

  test.for([
    '10.0.0.1\n',
    '   lb1.example.org\n',
    '   10.0.0.1\nwarning\n',
    '   10.0.0.1 garbage\n',
  ])('does not accept %j', async (stdout) => {
    const { driver } = scripted(exits(0, { stdout }));
    expect(await driver.show(WEB)).toMatchObject({ error: { kind: 'unexpected-output' } });
  });

  test('has the first line of stderr in its error', async () => {
    const stderr =
      'pfctl: /dev/pf: Permission denied\npfctl: DIOCSETLIMIT: Operation not permitted\n';
    const { driver } = scripted(exits(1, { stderr }));
    expect(await driver.show(WEB)).toEqual({
      ok: false,
      error: {
        kind: 'permission',
        message: 'pfctl -t web -T show exited 1: pfctl: /dev/pf: Permission denied',
      },
    });
  });

  describe('that is refused without a right', () => {
    const DOAS = ['/usr/bin/doas', '-n', '/sbin/pfctl'];
    const SUDO = ['/usr/local/bin/sudo', '-n', '/sbin/pfctl'];
    const refused = (pfctl: readonly string[], stderr: string, user = '_hfm') => {
      const exec: Exec = async () => exits(1, { stderr });
      return createPfctlDriver({ exec, pfctl, helper: null, user });
    };
    const messageOf = (result: PfResult<unknown>): string =>
      result.ok ? 'ok' : `${result.error.kind}: ${result.error.message}`;

    test('names the missing rule of doas', async () => {
      const driver = refused(DOAS, 'doas: Operation not permitted\n');
      expect(messageOf(await driver.show(WEB))).toBe(
        'permission: pfctl -t web -T show exited 1: doas: Operation not permitted; it takes this rule in doas.conf: permit nopass nolog _hfm as root cmd /sbin/pfctl args -t web -T show ("hfmctl privileges doas" prints all of them)',
      );
      expect(messageOf(await driver.add(IN_HFM, [A]))).toContain(
        ': permit nopass _hfm as root cmd /sbin/pfctl args -a hfm -t web -T add -f - (',
      );
    });

    test('names the missing rule of sudo', async () => {
      const driver = refused(SUDO, 'sudo: a password is required\n');
      expect(messageOf(await driver.remove(WEB, [A]))).toContain(
        '; it takes this rule in sudoers: _hfm ALL = (root) NOPASSWD: /sbin/pfctl -tweb -Tdelete -f- ("hfmctl privileges sudo" prints all of them)',
      );
    });

    test('says that it needs the helper', async () => {
      const driver = refused(DOAS, 'doas: Operation not permitted\n');
      expect(messageOf(await driver.endState('42/ab'))).toMatch(
        /; this takes pf\.helper, see "hfmctl privileges doas"$/,
      );
    });

    test('names the missing rule for the helper', async () => {
      const exec: Exec = async () => exits(1, { stderr: 'doas: Operation not permitted\n' });
      const helper = ['/usr/bin/doas', '-n', '/usr/local/libexec/hfm/pf-end'];
      const driver = createPfctlDriver({ exec, pfctl: DOAS, helper, user: '_hfm' });
      expect(messageOf(await driver.endSourcesOf('10.0.0.1'))).toContain(
        'pf-end "client 10.0.0.1" exited 1: doas: Operation not permitted; it takes this rule in doas.conf: permit nopass _hfm as root cmd /usr/local/libexec/hfm/pf-end args (',
      );
    });

    test('says how to get rights without doas and sudo, but not to root', async () => {
      const stderr = 'pfctl: /dev/pf: Permission denied\n';
      expect(messageOf(await refused(['/sbin/pfctl'], stderr).show(WEB))).toContain(
        '; hfmd runs as _hfm: let pf.pfctl run pfctl by doas or sudo',
      );
      expect(messageOf(await refused(['/sbin/pfctl'], stderr, 'root').show(WEB))).toMatch(
        /Permission denied$/,
      );
    });

    test('tells root to run hfmd as its user', async () => {
      const driver = refused(DOAS, 'doas: Operation not permitted\n', 'root');
      expect(messageOf(await driver.show(WEB))).toMatch(
        /; root itself has no rule: run it as the user that hfmd runs as$/,
      );
    });

    test('names no rule when doas has run pfctl', async () => {
      const driver = refused(DOAS, 'pfctl: /dev/pf: Permission denied\n');
      expect(messageOf(await driver.show(WEB))).toMatch(/Permission denied$/);
    });
  });

  test("skips sudo's warning about the name of this node", async () => {
    const stderr =
      'sudo: unable to resolve host fw1: Name or service not known\npfctl: Table does not exist.\n';
    const { driver } = scripted(exits(255, { stderr }));
    expect(kindOf(await driver.show(WEB))).toBe('missing-table');
  });

  test('of the helper has its operation on standard input, and returns the same counts', async () => {
    const requests: ExecRequest[] = [];
    const exec: Exec = async (request) => {
      requests.push(request);
      const isState = request.stdin?.startsWith('state') === true;
      return exits(0, {
        stderr: isState
          ? 'killed 1 states\n'
          : 'killed 3 src nodes from 1 sources and 1 destinations\n',
      });
    };
    const helper = ['/usr/bin/doas', '-n', '/usr/local/libexec/hfm/pf-end'];
    const driver = createPfctlDriver({ exec, pfctl: ['/sbin/pfctl'], helper, user: '_hfm' });
    expect(await driver.endState('42/ab')).toEqual({ ok: true, value: 1 });
    expect(await driver.endSourcesTo('fd00::1')).toEqual({ ok: true, value: 3 });
    expect(await driver.endSourcesOf('10.0.0.1')).toEqual({ ok: true, value: null });
    expect(new Set(requests.map(({ argv }) => argv))).toEqual(new Set([helper]));
    expect(requests.map(({ stdin }) => stdin)).toEqual([
      'state 42/ab\n',
      'backend fd00::1\n',
      'client 10.0.0.1\n',
    ]);
  });

  test('that could not be started has the kind of its reason', async () => {
    const cases = { ENOENT: 'missing-program', EACCES: 'permission' };
    for (const [code, kind] of Object.entries(cases)) {
      const { driver } = scripted({ kind: 'not-started', code, message: `spawn ${code}` });
      expect(kindOf(await driver.show(WEB))).toBe(kind);
    }
  });

  test('that was aborted is an error', async () => {
    const { driver } = scripted({ kind: 'aborted', stdout: '', stderr: '', durationMs: 1 });
    expect(kindOf(await driver.show(WEB))).toBe('killed');
  });
});
