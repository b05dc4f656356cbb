import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, readFileSync } from 'node:fs';
import { expect, type TestContext, test } from 'vitest';
import { HFMCTL, openRig, type Rig, run } from '../harness.ts';

/** hfmctl try while hfmd runs as another user. These tests run as root. */

interface User {
  readonly uid: number;
  readonly gid: number;
}

/** Two users of Debian; postgres is also a member of another group. */
const [HFM, OTHER] = [userOf('postgres'), userOf('nobody')];

/** A rig whose folder belongs to HFM. Its check and its action print their user and their folder. */
function openUsersRig(context: TestContext): Rig {
  const rig = openRig(context);
  const who = rig.script('who', 'echo "$(id -un) $(id -gn) $(id -Gn) in $(pwd)"');
  rig.write(
    `[pool.web]
table = "web"
[action.who]
command = ["${who}"]
[backend.lb1]
address = "127.0.0.1"
checks = [{ type = "script", command = ["${who}"], timeout = "2s", interval = "5s" }]
pools = { web = "10.2.1.1" }
on_down = ["who"]
`,
    { daemon: { socket_group: HFM.gid }, pf: { driver: 'memory' } },
  );
  chmodSync(rig.folder, 0o755);
  chownSync(rig.folder, HFM.uid, HFM.gid);
  return rig;
}

/** Starts hfmd as HFM, with all its groups, in another working directory. */
function startAsHfm(rig: Rig) {
  const place = [
    '-C',
    '/var/lib',
    'setpriv',
    '--reuid=postgres',
    '--regid=postgres',
    '--init-groups',
  ];
  return rig.startWith({ through: ['env', ...place] });
}

/** As id(1) shows them: a name, a group, and all groups. */
const GROUPS = `postgres postgres ${execFileSync('id', ['-Gn', 'postgres'], { encoding: 'utf8' }).trim()}`;

test('root takes the user, the groups and the working directory of a running hfmd', async (context) => {
  const rig = openUsersRig(context);
  await startAsHfm(rig);
  for (const what of [['lb1'], ['--action', 'who'], ['-f', rig.configFile, 'lb1', 'script']]) {
    const tried = await rig.ctl('try', ...what);
    expect(tried).toMatchObject({ code: 0, stderr: '' });
    expect(tried.stdout).toMatch(/^(check|action) .*, as postgres$/m);
    expect(tried.stdout).toContain(`${GROUPS} in /var/lib\n`);
  }
  const { stdout } = await rig.ctl('try', 'lb1', '--json');
  expect(JSON.parse(stdout)).toMatchObject({ user: 'postgres', daemon_user: 'postgres' });
});

test('without a running hfmd root takes the user of its state file', async (context) => {
  const rig = openUsersRig(context);
  const hfmd = await startAsHfm(rig);
  hfmd.kill('SIGTERM');
  await hfmd.ended;
  const tried = await rig.ctl('try', '-f', rig.configFile, 'lb1');
  expect(tried).toMatchObject({ code: 0, stderr: '' });
  expect(tried.stdout).toContain(`pass: ${GROUPS} in `);
});

test('run by another user, it stays that user and says so', async (context) => {
  const rig = openUsersRig(context);
  await startAsHfm(rig);
  const as = (...args: string[]) =>
    run(HFMCTL, ['-s', rig.socket, 'try', '-f', rig.configFile, 'lb1', ...args], { user: OTHER })
      .ended;
  const tried = await as();
  expect(tried.code).toBe(0);
  expect(tried.stdout).toMatch(/, as nobody\n {2}verdict +pass: nobody nogroup nogroup in /);
  expect(tried.stderr).toBe(
    'hfmctl: hfmd runs as postgres, and only root can change to that user: this runs as nobody\n',
  );
  expect(JSON.parse((await as('--json')).stdout)).toMatchObject({
    user: 'nobody',
    daemon_user: 'postgres',
  });
});

test('root without the right to become that user gets a message', async (context) => {
  const rig = openUsersRig(context);
  await startAsHfm(rig);
  const through = ['setpriv', '--bounding-set=-setuid,-setgid', '--inh-caps=-setuid,-setgid'];
  const tried = await run(HFMCTL, ['-s', rig.socket, 'try', 'lb1'], { through }).ended;
  expect(tried.stderr).toMatch(
    /^hfmctl: can't take the place of hfmd, which runs as postgres \(.*EPERM.*\): this runs as root\n$/,
  );
  expect(tried.stdout).toMatch(/, as root$/m);
});

test('a script that root may run and hfmd may not is shown as not started', async (context) => {
  const rig = openUsersRig(context);
  await startAsHfm(rig);
  chmodSync(rig.path('who'), 0o700);
  chownSync(rig.path('who'), 0, 0);
  const tried = await rig.ctl('try', 'lb1');
  expect(tried.code).toBe(1);
  expect(tried.stdout).toMatch(
    /verdict +inconclusive \(script-not-started\): .*: permission denied/,
  );
  const action = await rig.ctl('try', '--action', 'who');
  expect(action.stdout).toMatch(/ended +not started: permission denied\n/);
});

function userOf(name: string): User {
  const lines = readFileSync('/etc/passwd', 'utf8').split('\n');
  const fields = lines.map((line) => line.split(':')).find(([one]) => one === name);
  if (fields === undefined) throw new Error(`there is no user ${name} on this machine`);
  return { uid: Number(fields[2]), gid: Number(fields[3]) };
}
