import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { describe, expect, test } from 'vitest';
import { eventually, memberByMode, openRig, type Rig } from './harness.ts';

const WEB = `[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;

function rigWith(context: Parameters<typeof openRig>[0], stateFile?: (rig: Rig) => string): Rig {
  const rig = openRig(context);
  rig.write(WEB, stateFile === undefined ? {} : { daemon: { state_file: stateFile(rig) } });
  rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
  return rig;
}

describe.concurrent('the state file', () => {
  test('can be read by its owner only, and is whole after every change', async (context) => {
    const rig = rigWith(context);
    await rig.start();
    await rig.ctl('drain', 'lb1', '--reason', 'why');
    await eventually(() =>
      expect(JSON.parse(readFileSync(rig.stateFile, 'utf8'))).toMatchObject({
        overrides: { lb1: { state: 'drain', reason: 'why' } },
      }),
    );
    expect((statSync(rig.stateFile).mode & 0o777).toString(8)).toBe('600');
    expect(readdirSync(rig.folder).filter((name) => name.startsWith('state'))).toEqual([
      'state.json',
    ]);
  });

  test.for([
    ['torn', '{"version":1,"overrides":{"lb1":{"state":"dr'],
    ['empty', ''],
    ['of a newer version', '{"version":99,"overrides":{},"ledger":[],"announced":{}}'],
    [
      'full of nonsense',
      '{"version":1,"overrides":{"lb1":{"state":"party"}},"ledger":[],"announced":{}}',
    ],
  ] as const)(
    'that is %s is set aside with a warning, and no table changes',
    async ([, text], context) => {
      const rig = rigWith(context);
      writeFileSync(rig.stateFile, text);
      const hfmd = await rig.start();
      const aside = readdirSync(rig.folder).filter((name) => name.startsWith('state.json.bad-'));
      expect(aside).toHaveLength(1);
      expect(readFileSync(rig.path(String(aside[0])), 'utf8')).toBe(text);
      await eventually(() =>
        expect(hfmd.log).toContainEqual(
          expect.objectContaining({ level: 'warn', msg: expect.stringContaining('set aside') }),
        ),
      );
      await rig.ctl('drain', 'lb1');
      await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
      await eventually(() => expect(readFileSync(rig.stateFile, 'utf8')).toContain('drain'));
    },
  );

  test('that can’t be written is logged once, and commands go on working', async (context) => {
    // A file is in the place of its folder: that stops root too.
    const rig = rigWith(context, (it) => it.path('file/state.json'));
    writeFileSync(rig.path('file'), '');
    const hfmd = await rig.start();
    for (const state of ['drain', 'ready', 'drain']) {
      await rig.ctlOk(state, 'lb1');
    }
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    await eventually(() => expect(complaints(hfmd.log)).toHaveLength(1));
  });

  test('in a read-only folder is logged once, and commands go on working', async (context) => {
    const rig = openRig(context);
    mkdirSync(rig.path('ro'));
    rig.write(WEB, {
      daemon: { state_file: rig.path('ro/state.json'), socket_group: ORDINARY.gid },
      pf: { driver: 'memory' },
    });
    chmodSync(rig.path('ro'), 0o555);
    chownSync(rig.folder, ORDINARY.uid, ORDINARY.gid);
    const hfmd = await rig.startWith({ user: ORDINARY });
    for (const state of ['drain', 'ready', 'drain']) {
      await rig.ctlOk(state, 'lb1');
    }
    await eventually(() => expect(complaints(hfmd.log)).toHaveLength(1));
    expect(complaints(hfmd.log)[0]?.error).toMatch(/EACCES/);
    expect((await rig.status()).pools[0]?.actual).toEqual(['10.2.1.2']);
    await eventually(() => rig.ctlOk('status'));
  });

  test('that could not be written for a while is written as soon as it can be', async (context) => {
    const rig = rigWith(context);
    // hfmd can neither write to nor remove a folder that is not empty.
    mkdirSync(rig.path('state.json.new/x'), { recursive: true });
    const hfmd = await rig.start();
    await rig.ctl('drain', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    await eventually(() => expect(complaints(hfmd.log)).toHaveLength(1));
    rmSync(rig.path('state.json.new'), { recursive: true });
    await rig.ctl('drain', 'lb1', '--reason', 'again');
    await eventually(() => expect(readFileSync(rig.stateFile, 'utf8')).toContain('again'));
    await eventually(() =>
      expect(hfmd.log).toContainEqual(
        expect.objectContaining({ msg: expect.stringContaining('can be written again') }),
      ),
    );
  });
});

/** Root may write everywhere, so as root the test runs hfmd as another user. */
const ORDINARY =
  process.getuid?.() === 0
    ? { uid: 65_534, gid: 65_534 }
    : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

function complaints(log: readonly Readonly<Record<string, unknown>>[]) {
  return log.filter(({ level, msg }) => level === 'error' && String(msg).includes('state file'));
}
