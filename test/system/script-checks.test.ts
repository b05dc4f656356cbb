import { spawnSync } from 'node:child_process';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { aWhile, eventually, type Hfmd, memberByMode, openRig, type Rig } from './harness.ts';

function member(name: string, check: string, n: number): string {
  return `[backend.${name}]
address = "10.9.0.${n}"
port = 80
checks = ["${check}"]
pools = { web = "10.2.1.${n}" }
`;
}

async function verdictsOf(rig: Rig, name: string) {
  const { backends } = await rig.status();
  const backend = backends.find((one) => one.name === name);
  return { health: backend?.health, last: backend?.checks[0]?.last };
}

describe.concurrent('a check by script', () => {
  test('passes with exit 0, and its first line is the detail', async (context) => {
    const rig = openRig(context);
    const script = rig.script(
      'check',
      'echo "$# $1 $2 $3 $HFM_ADDRESS $HFM_BACKEND"; echo more; exit "$(cat "$FOLDER/exit")"',
    );
    writeFileSync(rig.path('exit'), '0');
    rig.write(
      `[check.s]
type = "script"
command = ["${script}", "{address}", "{name}", "{port}"]
env = { FOLDER = "${rig.folder}" }
[pool.web]
table = "web"
${member('lb1', 's', 1)}${memberByMode('lb2', '10.2.1.2')}`,
    );
    rig.pf.setTable('web', []);
    await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
    expect((await verdictsOf(rig, 'lb1')).last).toMatchObject({
      verdict: 'pass',
      detail: '3 10.9.0.1 lb1 80 10.9.0.1 lb1',
    });
    writeFileSync(rig.path('exit'), '7');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    expect((await verdictsOf(rig, 'lb1')).last).toMatchObject({
      verdict: 'fail',
      reason: 'script-exit',
      detail: expect.stringContaining('7'),
    });
    writeFileSync(rig.path('exit'), '0');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
  });

  test('with exit = "nagios" takes WARNING and UNKNOWN as configured', async (context) => {
    const rig = openRig(context);
    const plugin = rig.script('check_x', 'echo "X SAYS $1|perf=1"; exit $1');
    const check = (name: string, code: number, more = '') =>
      `[check.${name}]\ntype = "script"\ncommand = ["${plugin}", "${code}"]\nexit = "nagios"\n${more}\n`;
    rig.write(`
${check('ok', 0)}${check('warning', 1)}${check('strict', 1, 'warning = "fail"')}
${check('critical', 2)}${check('unknown', 3)}${check('shrug', 3, 'unknown = "inconclusive"')}
[pool.web]
table = "web"
${['ok', 'warning', 'strict', 'critical', 'unknown', 'shrug'].map((name, i) => member(name, name, i + 1)).join('')}`);
    rig.pf.setTable(
      'web',
      [1, 2, 3, 4, 5, 6].map((n) => `10.2.1.${n}`),
    );
    await rig.start();
    await eventually(() =>
      expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2', '10.2.1.6']),
    );
    const verdicts = (await rig.status()).backends.map(({ health, checks }) => [
      health,
      checks[0]?.last?.verdict,
      checks[0]?.last?.reason,
    ]);
    expect(verdicts).toEqual([
      ['up', 'pass', null],
      ['up', 'pass', null],
      ['down', 'fail', 'script-exit'],
      ['down', 'fail', 'script-exit'],
      ['down', 'fail', 'script-exit'],
      ['unknown', 'inconclusive', 'script-unknown'],
    ]);
  });

  test('has a verdict at its deadline even if it ignores TERM and an orphan holds the pipe', async (context) => {
    const rig = openRig(context);
    const stubborn = rig.script(
      'stubborn',
      `trap '' TERM INT HUP
setsid sh -c 'sleep 60 # ${rig.folder} orphan' &
echo "still here"
while :; do sleep 60; done # ${rig.folder}`,
    );
    const quick = rig.script('quick', 'exit 0');
    rig.write(
      `[check.stubborn]
type = "script"
command = ["${stubborn}"]
interrupt_after = "300ms"
[check.quick]
type = "script"
command = ["${quick}"]
[pool.web]
table = "web"
${member('lb1', 'stubborn', 1)}${member('lb2', 'quick', 2)}`,
    );
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    // A verdict may be `inconclusive` instead, if hfmd itself was paused.
    await eventually(async () => {
      const { last } = await verdictsOf(rig, 'lb1');
      expect(last).toMatchObject({ verdict: 'fail', reason: 'script-timeout' });
      // Its timeout is 500 ms.
      expect(last?.duration_ms).toBeLessThan(2500);
    });
    expect((await verdictsOf(rig, 'lb2')).health).toBe('up');
    // Only the script that runs now is left.
    const left = rig.processes().filter((line) => line.includes('stubborn'));
    expect(left.length).toBeLessThanOrEqual(1);
  });

  test('that prints megabytes is read only up to the limit', async (context) => {
    const rig = openRig(context);
    const flood = rig.script('flood', 'echo "the first line"; exec head -c 50000000 /dev/zero');
    rig.write(`[check.flood]
type = "script"
command = ["${flood}"]
timeout = "5s"
interval = "5s"
[pool.web]
table = "web"
${member('lb1', 'flood', 1)}`);
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
    expect((await verdictsOf(rig, 'lb1')).last?.detail).toBe('the first line (printed 50 MB)');
    await aWhile();
    expect(residentMb(hfmd.pid)).toBeLessThan(250);
  });

  test('that can no longer be started takes no backend out, and is a problem of this node', async (context) => {
    const rig = openRig(context);
    const script = rig.script('check', 'exit 0');
    rig.write(`[check.s]
type = "script"
command = ["${script}"]
[pool.web]
table = "web"
${member('lb1', 's', 1)}${memberByMode('lb2', '10.2.1.2')}`);
    rig.pf.setTable('web', []);
    await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
    chmodSync(script, 0o644);
    await eventually(async () =>
      expect((await verdictsOf(rig, 'lb1')).last).toMatchObject({
        verdict: 'inconclusive',
        reason: 'script-not-started',
      }),
    );
    await aWhile(2000);
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
    const status = await rig.ctl('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/^! this node: script-not-started: /m);
  });
});

describe.concurrent('the process that starts scripts', () => {
  test('is killed while 30 scripts run: they end, no backend leaves, and another process replaces it', async (context) => {
    const rig = openRig(context);
    const script = rig.script(
      'check',
      `[ -e "${rig.path('hang')}" ] && sleep 8 # ${rig.folder}\nexit 0`,
    );
    const names = Array.from({ length: 30 }, (_, i) => `lb${i + 1}`);
    rig.write(
      `[check.s]
type = "script"
command = ["${script}"]
[pool.web]
table = "web"
${names.map((name, i) => member(name, 's', i + 1)).join('')}`,
      { daemon: { max_scripts: 30 }, defaults: { interval: '10s', timeout: '10s', fall: 1 } },
    );
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toHaveLength(30));
    const [starter] = await eventually(() => oneStarterOf(hfmd));
    writeFileSync(rig.path('hang'), '');
    const sleeping = () => rig.processes().filter((line) => line.includes(script));
    // Each script sleeps eight of ten seconds, so most of the 30 run at once.
    await eventually(() => expect(sleeping().length).toBeGreaterThan(15));
    rmSync(rig.path('hang'));
    process.kill(Number(starter), 'SIGKILL');
    await eventually(async () => {
      const { problems } = await rig.status();
      expect(problems.join('\n')).toMatch(/script-starter: .* ended: killed by SIGKILL/);
      expect(problems.join('\n')).toMatch(/script-lost: /);
    });
    await eventually(async () => {
      const { backends } = await rig.status();
      expect(backends.map(({ checks }) => checks[0]?.last?.verdict)).toEqual(
        names.map(() => 'pass'),
      );
      expect(sleeping()).toEqual([]);
    });
    expect(rig.pf.table('web')).toHaveLength(30);
    const [next] = await eventually(() => oneStarterOf(hfmd));
    expect(next).not.toBe(starter);
  });

  test('ends with hfmd, and ends its scripts too, also at kill -9', async (context) => {
    const rig = openRig(context);
    const script = rig.script(
      'check',
      `[ -e "${rig.path('hang')}" ] && sleep 4715 # ${rig.folder}\nexit 0`,
    );
    rig.write(
      `[check.s]
type = "script"
command = ["${script}"]
[pool.web]
table = "web"
${member('lb1', 's', 1)}${member('lb2', 's', 2)}`,
      { defaults: { interval: '5s', timeout: '5s' } },
    );
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toHaveLength(2));
    const [starter] = await eventually(() => oneStarterOf(hfmd));
    await eventually(() => expect(rig.pf.table('web')).toHaveLength(2));
    writeFileSync(rig.path('hang'), '');
    await eventually(() => expect(childrenOf(Number(starter))).toBe(2));
    hfmd.kill('SIGKILL');
    await hfmd.ended;
    await eventually(() => expect(rig.processes()).toEqual([]));
  });

  test('exists only while there is a script check', async (context) => {
    const rig = openRig(context);
    const toml = (check: string) => `[check.s]
type = "script"
command = ["${rig.script('check', 'exit 0')}"]
[check.t]
type = "tcp"
[pool.web]
table = "web"
${member('lb1', check, 1)}`;
    rig.write(toml('t'));
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    expect(startersOf(hfmd)).toEqual([]);
    rig.write(toml('s'));
    await rig.ctl('reload');
    await eventually(() => oneStarterOf(hfmd));
    rig.write(toml('t'));
    await rig.ctl('reload');
    await eventually(() => expect(startersOf(hfmd)).toEqual([]));
  });

  test('does not match what rc.d looks for, and ignores the signals that stop hfmd', async (context) => {
    const rig = openRig(context);
    rig.write(`[check.s]
type = "script"
command = ["${rig.script('check', 'echo "$PPID"')}"]
[pool.web]
table = "web"
${member('lb1', 's', 1)}`);
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    const [starter] = await eventually(() => oneStarterOf(hfmd));
    const isAtWork = async () =>
      expect((await verdictsOf(rig, 'lb1')).last).toMatchObject({ detail: starter });
    await eventually(isAtWork);
    const [own, its] = [hfmd.pid, Number(starter)].map(
      (pid) => spawnSync('ps', ['-o', 'args=', '-p', String(pid)], { encoding: 'utf8' }).stdout,
    );
    expect(its).toMatch(/script-starter/);
    expect(its).not.toContain(own?.trim());
    for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) {
      process.kill(Number(starter), signal);
    }
    await aWhile();
    await eventually(isAtWork);
    expect(startersOf(hfmd)).toEqual([starter]);
    hfmd.kill('SIGTERM');
    expect(await hfmd.ended).toMatchObject({ code: 0, stderr: '' });
    await eventually(() => expect(rig.processes()).toEqual([]));
  });
});

/** The only starter; throws if there is none, or more. */
function oneStarterOf(hfmd: Hfmd): string[] {
  const starters = startersOf(hfmd);
  expect(starters).toHaveLength(1);
  return starters;
}

function childrenOf(pid: number): number {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'ppid='], { encoding: 'utf8' });
  return stdout.split('\n').filter((parent) => Number(parent) === pid).length;
}

/** The pids of the starters that are children of hfmd. */
function startersOf(hfmd: Hfmd): string[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,args='], { encoding: 'utf8' });
  return stdout
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter(
      ([, parent, ...args]) =>
        Number(parent) === hfmd.pid && args.some((arg) => /(^|\/)script-starter$/.test(arg)),
    )
    .map(([pid = '']) => pid);
}

function residentMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
}
