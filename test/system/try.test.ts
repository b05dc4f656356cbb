import { userInfo } from 'node:os';
import { describe, expect, test } from 'vitest';
import { openRig, type Rig } from './harness.ts';
import { keysWithoutSnakeCase } from './json-keys.ts';

/** A rig whose backend has a script check and an action, and no running hfmd. */
function rigWith(rig: Rig, check: string, action = 'exit 0'): void {
  const program = rig.script('check', check);
  const page = rig.script('page', action);
  rig.write(`[action.page]
command = ["${page}", "now"]
[pool.web]
table = "web"
[backend.lb1]
address = "127.0.0.1"
checks = [{ type = "script", command = ["${program}", "{address}"], timeout = "2s", interval = "5s" }]
pools = { web = "10.2.1.1" }
on_down = ["page"]
`);
}

describe('hfmctl try', () => {
  test('shows verdict, exit status and output of a check without a running hfmd', async (context) => {
    const rig = openRig(context);
    rigWith(rig, 'echo "queue of $HFM_BACKEND at $1"; echo oops >&2; exit 2');
    const tried = await rig.ctl('try', '-f', rig.configFile, 'lb1');
    expect(tried.code).toBe(1);
    expect(tried.stdout).toMatch(
      /verdict +fail \(script-exit\): exit 2: queue of lb1 at 127\.0\.0\.1/,
    );
    expect(tried.stdout).toMatch(/ended +exit 2\n/);
    expect(tried.stdout).toMatch(/stderr +oops\n/);
    expect(tried.stdout).toMatch(/left running +nothing\n/);
  });

  test('says that something was left running, and ends it', async (context) => {
    const rig = openRig(context);
    rigWith(rig, 'sleep 300 & exit 0');
    const tried = await rig.ctl('try', '-f', rig.configFile, 'lb1', 'script');
    expect(tried.code).toBe(0);
    expect(tried.stdout).toMatch(/left running +processes, which were killed\n/);
  });

  test('says that a process is out of reach, and how much was printed', async (context) => {
    const rig = openRig(context);
    rigWith(
      rig,
      `setsid sh -c 'mkdir "$0.away"; exec tail -f "$0"' "$0" >/dev/null 2>&1 &
until rmdir "$0.away" 2>/dev/null; do sleep 0.01; done
echo first; head -c 100000 /dev/zero`,
    );
    const tried = await rig.ctl('try', '-f', rig.configFile, 'lb1');
    expect(tried.code).toBe(0);
    expect(tried.stdout).toMatch(/not kept +95910 bytes more\n/);
    expect(tried.stdout).toMatch(
      /left running +a process of another session or user, which is still there\n/,
    );
  });

  test('uses the configuration of the running hfmd without -f', async (context) => {
    const rig = openRig(context);
    rigWith(rig, 'echo "of $HFM_BACKEND"');
    rig.pf.setTable('web', ['10.2.1.1']);
    const hfmd = await rig.start();
    const tried = await rig.ctl('try', 'lb1');
    expect(tried).toMatchObject({ code: 0, stderr: '' });
    expect(tried.stdout).toMatch(/verdict +pass: of lb1\n/);
    hfmd.kill('SIGKILL');
    await hfmd.ended;
    const without = await rig.ctl('try', 'lb1');
    expect(without).toMatchObject({ code: 1, stderr: expect.stringContaining('/etc/hfm.toml') });
  });

  test('says as which user it runs if neither hfmd nor its state file is there', async (context) => {
    const rig = openRig(context);
    rigWith(rig, 'exit 0');
    const { stdout, stderr } = await rig.ctl('try', '-f', rig.configFile, 'lb1', '--json');
    const { username } = userInfo();
    expect(stderr).toBe(
      `hfmctl: hfmd does not run, and nothing tells which user it runs as: this runs as ${username}\n`,
    );
    expect(JSON.parse(stdout)).toMatchObject({ user: username, daemon_user: null });
  });

  test('kills a script that hangs at its deadline', async (context) => {
    const rig = openRig(context);
    rigWith(rig, 'trap "" TERM INT; while :; do sleep 1; done');
    const tried = await rig.ctl('try', '-f', rig.configFile, 'lb1', '--json');
    expect(tried.code).toBe(1);
    const json = JSON.parse(tried.stdout) as { results: { verdict: unknown }[] };
    expect(json.results[0]?.verdict).toMatchObject({ kind: 'fail', reason: 'script-timeout' });
    expect(json.results[0]).toMatchObject({
      duration_ms: expect.any(Number),
      process: { kind: 'aborted', duration_ms: expect.any(Number) },
    });
    expect(keysWithoutSnakeCase(json)).toEqual([]);
  });

  test('runs an action with the environment that hfmd would give it', async (context) => {
    const rig = openRig(context);
    rigWith(rig, 'exit 0', 'echo "$1 $HFM_EVENT $HFM_FROM $HFM_BACKEND"; exit 3');
    const tried = await rig.ctl('try', '-f', rig.configFile, '--action', 'page', '--event', 'up');
    expect(tried.code).toBe(1);
    expect(tried.stdout).toMatch(/ended +exit 3\n/);
    expect(tried.stdout).toMatch(/stdout +now up down lb1\n/);
  });

  test.for([
    [['lb2'], 'no backend "lb2"; did you mean "lb1"?'],
    [['lb1', 'scirpt'], 'no check "scirpt"; did you mean "script"?'],
    [['--action', 'pgae'], 'no action "pgae"; did you mean "page"?'],
    [['--action', 'page', '--event', 'left'], '--event: found "left", expected "up" or "down"'],
    [[], 'expected the name of a backend'],
  ] as const)('with %j is a usage error', async ([args, message], context) => {
    const rig = openRig(context);
    rigWith(rig, 'exit 0');
    const tried = await rig.ctl('try', '-f', rig.configFile, ...args);
    expect(tried).toMatchObject({ code: 64, stderr: expect.stringContaining(message) });
  });
});
