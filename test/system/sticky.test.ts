import { describe, expect, test } from 'vitest';
import type { Os } from '../pf/seed.mjs';
import { aWhile, eventually, inSync, memberByMode, openRig, type Rig } from './harness.ts';

const OSES = ['openbsd', 'freebsd'] as const;

const MEMBERS = `${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;
const CONFIG = `[pool.web]\ntable = "web"\n${MEMBERS}`;

const TO_LB1 = [
  { client: '198.51.100.7', backend: '10.2.1.1' },
  { client: '198.51.100.8', backend: '10.2.1.1' },
  { client: '198.51.100.9', backend: '10.2.1.1' },
];
const TO_LB2 = [{ client: '203.0.113.1', backend: '10.2.1.2' }];

function seeded(context: Parameters<typeof openRig>[0], os: Os, config = CONFIG): Rig {
  const rig = openRig(context, { os });
  rig.write(config);
  rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
  rig.pf.setReferences(['web']);
  rig.pf.setSources([...TO_LB1, ...TO_LB2]);
  return rig;
}

describe.concurrent.for(OSES)('sticky clients, on %s', (os) => {
  test('of an address that has left are ended and counted', async (context) => {
    const rig = seeded(context, os);
    const hfmd = await rig.start();
    await inSync(rig);
    await rig.ctl('drain', 'lb1');
    await eventually(() => expect(rig.pf.sources()).toMatchObject(TO_LB2));
    await eventually(async () =>
      expect((await rig.status()).pools[0]?.ended).toMatchObject({ sources: 3 }),
    );
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'ended')).toMatchObject([
        { pool: 'web', address: '10.2.1.1', what: 'sources', count: 3 },
      ]),
    );
  });

  test('are ended at the next start if hfmd was killed before', async (context) => {
    const rig = seeded(context, os);
    const first = await rig.start();
    await inSync(rig);
    rig.pf.setFaults({ fault: 'fail', on: ['show-sources', 'kill-sources'] });
    await rig.ctl('drain', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    first.kill('SIGKILL');
    await first.ended;
    expect(rig.pf.sources()).toHaveLength(4);
    rig.pf.clearFaults();
    await rig.start();
    await eventually(() => expect(rig.pf.sources()).toMatchObject(TO_LB2));
    expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
  });

  test('drain --wait waits for them and says how many there are', async (context) => {
    const rig = seeded(context, os);
    const hfmd = await rig.start();
    await inSync(rig);
    rig.pf.setFaults({ fault: 'fail', on: ['kill-sources'] });
    rig.pf.setStates([
      {
        direction: 'in',
        client: '198.51.100.7:5001',
        vip: '192.0.2.1:80',
        backend: '10.2.1.1:8080',
      },
    ]);
    const drain = rig.spawnCtl('drain', 'lb1', '--wait');
    await eventually(() =>
      expect(drain.stdout).toMatch(/^lb1: 1 connection left, 3 sticky clients still sent there/m),
    );
    rig.pf.setStates([]);
    await eventually(() =>
      expect(drain.stdout).toMatch(/^lb1: 0 connections left \(-1\), 3 sticky clients/m),
    );
    expect(drain.child.exitCode).toBe(null);
    await eventually(async () =>
      expect((await rig.status()).node_problems).toMatchObject([{ kind: 'cleanup' }]),
    );
    rig.pf.clearFaults();
    expect(await drain.ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/\nlb1: drained\n$/),
    });
    expect(rig.pf.sources()).toMatchObject(TO_LB2);
    const problems = hfmd.log.filter(({ event }) => event === 'node-problem');
    expect(problems).toMatchObject([{ problem: 'cleanup', active: true }]);
  });
});

test('sticky clients stay if the pool has kill_sources = "never"', async (context) => {
  const rig = seeded(
    context,
    'freebsd',
    `[pool.web]\ntable = "web"\nkill_sources = "never"\n${MEMBERS}`,
  );
  await rig.start();
  await inSync(rig);
  expect(await rig.ctl('drain', 'lb1', '--wait')).toMatchObject({ code: 0 });
  await aWhile();
  expect(rig.pf.sources()).toHaveLength(4);
  expect(rig.pf.calls().filter(({ argv }) => argv.includes('Sources'))).toEqual([]);
});
