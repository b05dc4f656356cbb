import { chmodSync, chownSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, type TestContext, test } from 'vitest';
import { whereIs } from '../../checks/bench.ts';
import { artefactOfFile, installTo, runToEnd, scratch } from '../../release/artefact.ts';
import { eventually, inSync, openRig, problemsOf, type Rig, run } from '../harness.ts';

const archive = artefactOfFile();

/** The unprivileged user that the rules name. */
const USER = { name: 'nobody', uid: 65534, gid: 65534 } as const;

test('installed, it runs as an unprivileged user, with sudo in front of pfctl', async (context) => {
  const folder = scratch();
  const { prefix } = installTo(archive(), folder, 'OpenBSD');
  chmodSync(folder, 0o755);
  const sbin = join(prefix, 'sbin');
  const programs = { hfmd: join(sbin, 'hfmd'), hfmctl: join(sbin, 'hfmctl') };
  const rig = openRig(context, { programs });
  const [one, two] = await rig.backends('lb1', 'lb2');
  rig.write(
    `[pool.web]
table = "web"
kill_sources = "never"
${one.toml({ web: one.address })}
${two.toml({ web: two.address })}
[backend.own]
address = "127.0.0.1"
checks  = [{ type = "script", command = ["/bin/true"], interval = "5s", timeout = "5s" }]
pools   = { web = "10.2.1.30" }
`,
    {
      daemon: { socket_group: USER.gid },
      pf: { pfctl: [whereIs('sudo'), '-n', rig.pf.command] },
    },
  );
  rig.pf.setTable('web', []);
  await allowPf(context, rig, programs.hfmctl);
  const all = ['10.2.1.30', one.address, two.address].sort();

  const { pid } = await rig.startWith({ user: USER });
  expect(runToEnd(['ps', '-o', 'user=', '-p', String(pid)]).stdout.trim()).toBe(USER.name);
  await eventually(() => expect(rig.pf.table('web')).toEqual(all));
  await eventually(async () => expect(await problemsOf(rig)).toEqual([]));
  // The process that starts scripts is the installed one.
  expect(runToEnd(['ps', '-o', 'args=', '--ppid', String(pid)]).stdout).toContain(
    `${whereIs('perl')} ${join(prefix, 'libexec/hfm/script-starter')} `,
  );

  await inSync(rig);
  expect(await rig.ctl('drain', 'lb1', '--wait')).toMatchObject({ code: 0, stderr: '' });
  expect(rig.pf.table('web')).toEqual(all.filter((address) => address !== one.address));
  await rig.ctlOk('ready', 'lb1');
  await eventually(() => expect(rig.pf.table('web')).toEqual(all));
});

/** Lets only root use pf, and allows the user the commands that `hfmctl privileges` prints. */
async function allowPf(context: TestContext, { folder, pf, configFile }: Rig, hfmctl: string) {
  chmodSync(pf.folder, 0o700);
  chownSync(folder, USER.uid, USER.gid);
  const command = ['privileges', 'sudo', '-f', configFile, '--user', USER.name];
  const { code, stdout, stderr } = await run(hfmctl, command).ended;
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  const rules = `/etc/sudoers.d/hfm-test-${process.pid}`;
  context.onTestFinished(() => rmSync(rules, { force: true }));
  writeFileSync(rules, stdout, { mode: 0o440 });
  expect(runToEnd([whereIs('visudo'), '-cf', rules])).toMatchObject({ code: 0 });
}
