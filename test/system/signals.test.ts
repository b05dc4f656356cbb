import { describe, expect, test } from 'vitest';
import {
  aWhile,
  type Ended,
  eventually,
  type Hfmd,
  inSync,
  isChange,
  memberByMode,
  openRig,
} from './harness.ts';

/** More than a stop takes, and less than any timeout in these configurations. */
const QUICK_MS = 8000;

async function stop(hfmd: Hfmd, signal: 'SIGTERM' | 'SIGINT'): Promise<Ended> {
  const beganMs = performance.now();
  hfmd.kill(signal);
  const ended = await hfmd.ended;
  expect(performance.now() - beganMs).toBeLessThan(QUICK_MS);
  return ended;
}

const WEB = `[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;

describe.concurrent('hfmd exits 0, quickly, and leaves the tables as they are', () => {
  test.for(['SIGTERM', 'SIGINT'] as const)('at %s', async (signal, context) => {
    const rig = openRig(context);
    const lb1 = await rig.backend('lb1');
    rig.write(`[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}`);
    rig.pf.setTable('web', ['192.0.2.9']);
    const hfmd = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '192.0.2.9']));
    await inSync(rig);
    rig.pf.clearCalls();
    expect(await stop(hfmd, signal)).toMatchObject({ code: 0, signal: null, stderr: '' });
    expect(hfmd.log.at(-1)).toMatchObject({ event: 'stop' });
    expect(rig.pf.calls().filter(isChange)).toEqual([]);
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '192.0.2.9']);
    const before = lb1.hits;
    await aWhile(800);
    expect(lb1.hits).toBe(before);
    expect(rig.processes()).toEqual([]);
  });

  test('at SIGTERM while it starts', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', []);
    rig.pf.setFaults({ fault: 'slow', ms: 3000 });
    const hfmd = rig.spawnHfmd();
    await eventually(() => expect(hfmd.stdout).toContain('hfmd started'));
    expect(await stop(hfmd, 'SIGTERM')).toMatchObject({ code: 0, signal: null });
  });

  test('with probes that hang', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    const hangs = rig.script('hangs', `trap '' TERM INT\nsleep 4712 # ${rig.folder}\nsleep 4712`);
    rig.write(
      `[check.script]
type = "script"
command = ["${hangs}"]
[pool.web]
table = "web"
${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' }).replace('"http"', '"script"')}`,
      { defaults: { interval: '30s', timeout: '30s', fall: 5 } },
    );
    await lb1.set('hang');
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.start();
    await rig.ctl('reload');
    const check = rig.spawnCtl('check', 'lb2');
    await eventually(() => expect(rig.processes().join()).toContain('hangs'));
    expect(await stop(hfmd, 'SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    expect((await check.ended).code).toBe(2);
    await eventually(() => expect(rig.processes()).toEqual([]));
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
  });

  test('with a pfctl that hangs', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.start();
    rig.pf.setFaults({ fault: 'hang-ignoring-term' });
    await rig.ctl('drain', 'lb1');
    await eventually(() => expect(rig.processes().join()).toContain('stand-in'));
    expect(await stop(hfmd, 'SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    await eventually(() => expect(rig.processes()).toEqual([]));
    // The override is not lost.
    rig.pf.clearFaults();
    await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
  });

  test('with a listing that hangs', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    rig.pf.setFaults({ fault: 'hang-ignoring-term', on: ['show-tables'] });
    const hfmd = await rig.start();
    await eventually(() => expect(rig.processes().join()).toContain('-s Tables'));
    expect(await stop(hfmd, 'SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    await eventually(() => expect(rig.processes()).toEqual([]));
  });

  test('with an action that runs', async (context) => {
    const rig = openRig(context);
    const slow = rig.script('slow', `sleep 4713 # ${rig.folder}\nsleep 4713`);
    rig.write(`[action.slow]
command = ["${slow}"]
timeout = "60s"
${WEB}on_up = ["slow"]`);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.start();
    await eventually(() => expect(rig.processes().join()).toContain(slow));
    expect(await stop(hfmd, 'SIGTERM')).toMatchObject({ code: 0, stderr: '' });
    await eventually(() => expect(rig.processes()).toEqual([]));
  });

  test('with clients that stay connected', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.start();
    const follower = rig.spawnCtl('events', '-f');
    await eventually(() => expect(follower.stdout).toContain('started'));
    expect(await stop(hfmd, 'SIGINT')).toMatchObject({ code: 0, stderr: '' });
    expect((await follower.ended).code).toBe(2);
  });

  test('also at a second signal', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.start();
    rig.pf.setFaults({ fault: 'slow', ms: 1500 });
    await aWhile(1200);
    hfmd.kill('SIGTERM');
    expect(await stop(hfmd, 'SIGINT')).toMatchObject({ code: 0, signal: null });
  });
});

test('SIGHUP while it starts does not end it', async (context) => {
  const rig = openRig(context);
  rig.write(WEB);
  rig.pf.setTable('web', []);
  rig.pf.setFaults({ fault: 'slow', ms: 2000, times: 1 });
  const hfmd = rig.spawnHfmd();
  await eventually(() => expect(hfmd.stdout).toContain('hfmd started'));
  hfmd.kill('SIGHUP');
  await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
  expect(await rig.status()).toMatchObject({ pid: hfmd.pid });
});

test.for(['SIGUSR1', 'SIGUSR2'] as const)(
  '%s neither opens a debugger nor ends hfmd',
  async (signal, context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    hfmd.kill(signal);
    await aWhile();
    expect(await rig.status()).toMatchObject({ pid: hfmd.pid });
    expect(hfmd.stderr).toBe('');
  },
);

test('hfmd goes on when the reader of its log is gone', async (context) => {
  const rig = openRig(context);
  rig.write(WEB);
  rig.pf.setTable('web', []);
  const hfmd = await rig.start();
  hfmd.child.stdout?.destroy();
  for (const state of ['drain', 'ready', 'drain', 'ready']) {
    await rig.ctlOk(state, 'lb1');
  }
  expect(await rig.status()).toMatchObject({ pid: hfmd.pid });
});
