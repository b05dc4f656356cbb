import { chownSync } from 'node:fs';
import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { eventually, HFMD, memberByMode, openRig, run } from './harness.ts';

const LB1 = memberByMode('lb1', '10.2.1.1');
const WEB = `[pool.web]\ntable = "web"\n${LB1}`;

describe.concurrent('hfmd behind doas', () => {
  test('warns at start, in status and with -n if pf.helper is not set', async (context) => {
    const rig = openRig(context);
    const doas = rig.script('doas', '[ "$1" = -n ] && shift; exec "$@"');
    rig.write(WEB, { pf: { pfctl: [doas, '-n', rig.pf.command] } });
    rig.pf.setTable('web', ['10.2.1.1']);
    rig.pf.setReferences(['web']);
    const warning = `pf.helper is not set, and no rule of doas can name arguments that are not known ahead: set helper = ["${doas}", "-n", "/usr/local/libexec/hfm/pf-end"] for kill_sources of web; or kill_sources = "never"`;
    const tested = await run(HFMD, ['-n', '-f', rig.configFile]).ended;
    expect(tested).toMatchObject({ code: 0, stderr: `warning: ${warning}\n` });
    const hfmd = await rig.start();
    await eventually(async () => expect((await rig.status()).warnings).toEqual([warning]));
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'warning')).toMatchObject([
        { level: 'warn', msg: warning },
      ]),
    );
  });

  test('names the missing rule, for the user that hfmd runs as', async (context) => {
    const rig = openRig(context);
    const doas = rig.script('doas', 'echo "doas: Operation not permitted" >&2; exit 1');
    rig.write(WEB, { pf: { pfctl: [doas, '-n', '/sbin/pfctl'] } });
    const isRoot = userInfo().uid === 0;
    if (isRoot) chownSync(rig.folder, NOBODY.uid, NOBODY.gid);
    const hfmd = await rig.startWith(isRoot ? { user: NOBODY } : {});
    const user = isRoot ? 'nobody' : userInfo().username;
    const rule = `permit nopass nolog ${user} as root cmd /sbin/pfctl args -t web -T show`;
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'table-error')).toMatchObject([
        { error: expect.stringContaining(`; it takes this rule in doas.conf: ${rule} (`) },
      ]),
    );
    const status = await rig.ctl('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toContain(`it takes this rule in doas.conf: ${rule} (`);
  });
});

const NOBODY = { uid: 65_534, gid: 65_534 };

test('hfmctl privileges needs no running hfmd', async (context) => {
  const rig = openRig(context);
  rig.write(WEB, { pf: { pfctl: ['/usr/bin/doas', '-n', '/sbin/pfctl'] } });
  const printed = await rig.ctl('privileges', 'doas', '-f', rig.configFile);
  expect(printed.code).toBe(0);
  expect(printed.stdout).toContain('_hfm as root cmd /sbin/pfctl args -t web -T add -f -\n');
});
