import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { aWhile, eventually, memberByMode, openRig, type Rig } from './harness.ts';

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
  test('passes with exit 0, and says its first line', async (context) => {
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

  test('with exit = "nagios" takes WARNING and UNKNOWN as it was told', async (context) => {
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

  test('has a verdict at its deadline though it ignores TERM and an orphan holds the pipe', async (context) => {
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
    const { last } = await verdictsOf(rig, 'lb1');
    expect(last).toMatchObject({ verdict: 'fail', reason: 'script-timeout' });
    // Its timeout is 500 ms.
    expect(last?.duration_ms).toBeLessThan(2500);
    expect((await verdictsOf(rig, 'lb2')).health).toBe('up');
    // None of the scripts is left, but for the one that runs now.
    const left = rig.processes().filter((line) => line.includes('stubborn'));
    expect(left.length).toBeLessThanOrEqual(1);
  });

  test('that floods its output is read no further than it may be', async (context) => {
    const rig = openRig(context);
    const flood = rig.script('flood', 'echo "the first line"; exec head -c 50000000 /dev/zero');
    rig.write(`[check.flood]
type = "script"
command = ["${flood}"]
[pool.web]
table = "web"
${member('lb1', 'flood', 1)}`);
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
    expect((await verdictsOf(rig, 'lb1')).last?.detail).toBe('the first line');
    await aWhile();
    expect(residentMb(hfmd.pid)).toBeLessThan(250);
  });

  test('that can no longer be started takes nobody out, and is a problem of this node', async (context) => {
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

function residentMb(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
  return Number(line?.[1]) / 1024;
}
