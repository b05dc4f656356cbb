import { networkInterfaces } from 'node:os';
import { describe, expect, test } from 'vitest';
import type { Os, State } from '../pf/seed.mjs';
import { eventually, inSync, memberByMode, openRig, type Rig } from './harness.ts';

const CONFIG = `[pool.web]
table = "web"
${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;

const VIP = '192.0.2.1:80';

function connection(client: string, backend: string, more: Partial<State> = {}): State {
  return { direction: 'in', client, vip: VIP, backend, ...more };
}

const OPEN = [
  connection('198.51.100.7:5001', '10.2.1.1:8080'),
  connection('198.51.100.7:5002', '10.2.1.1:8080'),
];

const own = Object.values(networkInterfaces()).flatMap((list) => list ?? [])[0]?.address;

/** Connections that drain --wait does not count. */
const OTHERS = [
  // The outbound state of a connection that is counted already, and a connection to another backend.
  { direction: 'out', client: '198.51.100.7:5001', backend: '10.2.1.1:8080' } as const,
  connection('198.51.100.7:5003', '10.2.1.2:8080'),
  connection('198.51.100.7:5004', '10.2.1.1:8080', { state: 'TIME_WAIT:TIME_WAIT' }),
  connection('198.51.100.7:5005', '10.2.1.1:8080', { state: 'FIN_WAIT_2:FIN_WAIT_2' }),
  connection(`${own}:5006`, '10.2.1.1:8080'),
];

async function started(context: Parameters<typeof openRig>[0], os: Os = 'openbsd'): Promise<Rig> {
  const rig = openRig(context, { os });
  rig.write(CONFIG);
  rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
  rig.pf.setStates([...OPEN, ...OTHERS]);
  await rig.start();
  await inSync(rig);
  return rig;
}

/** lb1 is out already, so on a busy machine too the whole timeout is for its connections. */
async function drained(context: Parameters<typeof openRig>[0]): Promise<Rig> {
  const rig = await started(context);
  await rig.ctlOk('drain', 'lb1');
  await eventually(async () => {
    expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
    expect((await rig.status()).pools[0]?.in_sync).toBe(true);
  });
  return rig;
}

describe.concurrent('drain --wait', () => {
  test.for(['openbsd', 'freebsd'] as const)(
    'follows connections down to none, on %s',
    async (os, context) => {
      const rig = await started(context, os);
      const drain = rig.spawnCtl('drain', 'lb1', '--wait');
      await eventually(() => expect(drain.stdout).toMatch(/^lb1: 2 connections left( \(0\))?$/m));
      expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
      rig.pf.setStates([...OPEN.slice(1), ...OTHERS]);
      await eventually(() => expect(drain.stdout).toMatch(/^lb1: 1 connection left \(-1\)$/m));
      expect(drain.child.exitCode).toBe(null);
      rig.pf.setStates(OTHERS);
      expect(await drain.ended).toMatchObject({
        code: 0,
        stdout: expect.stringMatching(/lb1: 0 connections left \(-1\)\nlb1: drained\n$/),
      });
    },
  );

  test('exits 3 at its timeout, and the drain stays', async (context) => {
    const rig = await drained(context);
    const { code, stderr } = await rig.ctl('drain', 'lb1', '--wait', '--timeout', '1500ms');
    expect(code).toBe(3);
    expect(stderr).toMatch(/^hfmctl: lb1: 2 connections left after 1\.?5?.*; the drain stays\n$/);
    expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
    expect((await rig.status()).backends[0]?.admin.state).toBe('drain');
  });

  test('at Ctrl-C says how to end the drain, and leaves it', async (context) => {
    const rig = await started(context);
    const drain = rig.spawnCtl('drain', 'web/lb1', '--wait');
    await eventually(() =>
      expect(drain.stdout).toMatch(/^web\/lb1: 2 connections left( \(0\))?$/m),
    );
    drain.kill('SIGINT');
    const { code, stderr } = await drain.ended;
    expect(code).toBe(3);
    expect(stderr).toBe('hfmctl: interrupted; the drain stays. "hfmctl ready web/lb1" ends it\n');
    expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
  });

  test('waits for pf to confirm, with no connection at all', async (context) => {
    const rig = await started(context);
    rig.pf.setStates([]);
    rig.pf.setFaults({ fault: 'fail', on: ['delete'] });
    const drain = rig.spawnCtl('drain', 'lb1', '--wait');
    await eventually(() => expect(drain.stdout).toMatch(/not confirmed/));
    rig.pf.clearFaults();
    expect(await drain.ended).toMatchObject({ code: 0 });
    expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
  });

  test('waits for an address that pfctl added just before', async (context) => {
    const rig = await started(context);
    rig.pf.setStates([]);
    await rig.ctlOk('drain', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    await inSync(rig);
    rig.pf.setFaults({ fault: 'slow', ms: 1000, on: ['show'] });
    await rig.ctlOk('ready', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
    expect((await rig.ctlOk('drain', 'lb1', '--wait')).stdout).toMatch(/not confirmed/);
    expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
  });

  test('says that states can’t be read', async (context) => {
    const rig = await started(context);
    rig.pf.setFaults({ fault: 'permission', on: ['show-states'] });
    const { code, stderr } = await rig.ctl('drain', 'lb1', '--wait');
    expect(code).toBe(1);
    expect(stderr).toMatch(/states can't be read: .*Permission denied/);
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
  });

  test('waits for a listing that takes longer than a client may be silent', async (context) => {
    const rig = await started(context);
    rig.pf.setStates([]);
    rig.pf.setFaults({ fault: 'slow', ms: 11_500, on: ['show-states'], times: 1 });
    expect(await rig.ctl('drain', 'lb1', '--wait')).toMatchObject({ code: 0, stderr: '' });
  });

  test('with --kill ends the remaining connections at its timeout', async (context) => {
    const rig = await drained(context);
    const ended = await rig.ctl('drain', 'lb1', '--wait', '--timeout', '1s', '--kill');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    const left = rig.pf.states().map(({ client }) => client);
    expect(left).not.toContain('198.51.100.7:5002');
    expect(left).toContain('198.51.100.7:5003');
  });

  test('--json prints one object', async (context) => {
    const rig = await started(context);
    rig.pf.setStates(OTHERS);
    const { code, stdout } = await rig.ctl('drain', 'lb1', '--wait', '--json');
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toEqual({
      drained: true,
      left: [
        // isOut is the key of an older version, kept for scripts.
        { name: 'lb1', open: 0, sticky: 0, pending: false, is_out: true, isOut: true },
      ],
    });
  });
});
