import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import type { State } from '../pf/seed.mjs';
import { aWhile, eventually, inSync, memberByMode, openRig, type Rig } from './harness.ts';

function connection(port: number, backend: string, vip: string, client: string): State[] {
  const end = (address: string, at: number): string =>
    address.includes(':') ? `${address}[${at}]` : `${address}:${at}`;
  const from = end(client, port);
  const to = end(backend, 8080);
  return [
    { direction: 'in', client: from, vip: end(vip, 80), backend: to },
    { direction: 'out', client: from, backend: to },
  ];
}

const TO_LB1 = [
  ...connection(5001, '10.2.1.1', '192.0.2.1', '198.51.100.7'),
  ...connection(5002, 'fd00:2::1', '2001:db8::1', '2001:db8:c::7'),
];
const TO_LB2 = connection(5003, '10.2.1.2', '192.0.2.1', '198.51.100.7');

function clientsLeft(rig: Rig): string[] {
  return rig.pf.states().map(({ client }) => client);
}

const LB2 = memberByMode('lb2', '10.2.1.2');

describe.concurrent.for(['openbsd', 'freebsd'] as const)('drain --wait --kill, on %s', (os) => {
  test('ends both states of IPv4 and IPv6 connections, and only those to the member', async (context) => {
    const rig = openRig(context, { os });
    const lb1 = memberByMode('lb1', '10.2.1.1').replace('"10.2.1.1"', '["10.2.1.1", "fd00:2::1"]');
    rig.write(`[pool.web]\ntable = "web"\nmin_in_service = 0\n${lb1}${LB2}`);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2', 'fd00:2::1']);
    rig.pf.setStates([...TO_LB1, ...TO_LB2]);
    await rig.start();
    await inSync(rig);
    await rig.ctl('drain', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    await inSync(rig);
    const ended = await rig.ctl('drain', 'lb1', '--wait', '--timeout', '500ms', '--kill');
    expect(ended).toMatchObject({ code: 0, stderr: '' });
    expect(ended.stdout).toMatch(/lb1: ended 4 states\n/);
    expect(clientsLeft(rig)).toEqual(['198.51.100.7:5003', '198.51.100.7:5003']);
  });
});

describe.concurrent('drain --wait --kill', () => {
  test('is refused for a membership whose address serves in another pool', async (context) => {
    const rig = openRig(context);
    const lb1 = memberByMode('lb1', '10.2.1.1').replace(
      'pools = { web = "10.2.1.1" }',
      'pools = { web = "10.2.1.1", mail = "10.2.1.1" }',
    );
    rig.write(`[pool.web]\ntable = "web"\n[pool.mail]\ntable = "mail"\n${lb1}${LB2}`);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    rig.pf.setTable('mail', ['10.2.1.1']);
    rig.pf.setStates(TO_LB1);
    await rig.start();
    await inSync(rig);
    await rig.ctl('drain', 'web/lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    await inSync(rig);
    const ended = await rig.ctl('drain', 'web/lb1', '--wait', '--timeout', '300ms', '--kill');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/10\.2\.1\.1 is in service in pool mail/);
    expect(rig.pf.states()).toHaveLength(4);
  });

  test('is refused while a table that may have the address could not be read', async (context) => {
    const rig = openRig(context);
    const mail = memberByMode('lb1-mail', '10.2.1.1', 'mail', 'off');
    rig.write(
      `[pool.web]\ntable = "web"\n[pool.mail]\ntable = "mail"\n${memberByMode('lb1', '10.2.1.1')}${LB2}${mail}`,
    );
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    rig.pf.setTable('mail', ['10.2.1.1']);
    rig.pf.setStates(TO_LB1);
    rig.pf.setFaults({ fault: 'fail', on: ['show'], table: 'mail' });
    await rig.start();
    const webIsInSync = () =>
      eventually(async () => expect((await rig.status()).pools[0]?.in_sync).toBe(true));
    await webIsInSync();
    await rig.ctlOk('drain', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    await webIsInSync();
    const ended = await rig.ctl('drain', 'lb1', '--wait', '--timeout', '300ms', '--kill');
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/10\.2\.1\.1 may be in <mail>/);
    expect(rig.pf.states()).toHaveLength(4);
  });

  test('does not report success while pf still has the address in the table', async (context) => {
    const rig = openRig(context);
    rig.write(`[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}${LB2}`);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    rig.pf.setStates(TO_LB1);
    await rig.start();
    await inSync(rig);
    rig.pf.setFaults({ fault: 'fail', on: ['delete'] });
    const ended = await rig.ctl('drain', 'lb1', '--wait', '--timeout', '300ms', '--kill');
    expect(ended.code).not.toBe(0);
    expect(ended.stdout + ended.stderr).toMatch(/pf has not confirmed the removal/);
    expect(rig.pf.states()).toHaveLength(4);
  });
});

describe.concurrent('kill_states', () => {
  const CASES = [
    ['never', 'maint', false],
    ['never', 'down', false],
    ['maint', 'maint', true],
    ['maint', 'down', false],
    ['down', 'maint', false],
    ['down', 'down', true],
  ] as const;

  test.for(CASES)(
    '= %s, and the backend leaves by %s: states ended %s',
    async ([policy, by, isEnded], context) => {
      const rig = openRig(context);
      const lb1 = await rig.backend('lb1');
      rig.write(
        `[pool.web]\ntable = "web"\nkill_states = "${policy}"\n${lb1.toml({ web: '10.2.1.1' })}${LB2}`,
      );
      rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
      rig.pf.setStates([...TO_LB1.slice(0, 2), ...TO_LB2]);
      await rig.start();
      await inSync(rig);
      await eventually(async () => expect((await rig.status()).backends[0]?.health).toBe('up'));
      if (by === 'down') await lb1.set('closed');
      else await rig.ctl('maint', 'lb1');
      await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
      if (isEnded) {
        await eventually(() => expect(rig.pf.states()).toHaveLength(2));
        await eventually(async () => expect((await rig.status()).pools[0]?.ended.states).toBe(2));
      } else {
        await aWhile(1000);
        expect(rig.pf.states()).toHaveLength(4);
      }
      expect(clientsLeft(rig)).toContain('198.51.100.7:5003');
    },
  );
});

test('a listing of a million states is counted in bounded memory', async (context) => {
  const rig = openRig(context);
  const states = `awk 'BEGIN { for (i = 0; i < 1000000; i++) printf "all tcp 10.2.1.%d:8080 (192.0.2.1:80) <- 198.51.%d.%d:%d       ESTABLISHED:ESTABLISHED\\n", i % 2 + 1, i % 200, i % 250, i % 60000 + 1024 }'`;
  const pfctl = rig.script('many', `[ "$*" = -ss ] && exec ${states}\nexec ${rig.pf.command} "$@"`);
  rig.write(`[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}${LB2}`, {
    pf: { pfctl: [pfctl] },
  });
  rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
  const hfmd = await rig.start();
  await inSync(rig);
  await rig.status();
  const rssMb = (): number =>
    Number(spawnSync('ps', ['-o', 'rss=', '-p', String(hfmd.pid)], { encoding: 'utf8' }).stdout) /
    1024;
  const before = rssMb();
  let most = before;
  const drain = rig.spawnCtl('drain', 'lb1', '--wait');
  await eventually(() => {
    most = Math.max(most, rssMb());
    expect(drain.stdout).toMatch(/^lb1: 500000 connections left/m);
  });
  drain.kill('SIGINT');
  expect(await drain.ended).toMatchObject({ code: 3 });
  // The listing is 90 MB of text.
  expect(most - before).toBeLessThan(60);
});
