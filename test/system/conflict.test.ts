import { describe, expect, test } from 'vitest';
import { aWhile, eventually, inSync, memberByMode, openRig, type Rig } from './harness.ts';

const GOAL = ['10.2.1.1', '10.2.1.2'];
const WEB = `[pool.web]
table = "web"
${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;

async function flushes(rig: Rig, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await rig.pf.run(['-t', 'web', '-T', 'flush']);
    await eventually(() => expect(rig.pf.table('web')).toEqual(GOAL));
    // hfmd counts a change as undone only after it has seen the table in sync.
    await inSync(rig);
  }
}

async function started(context: Parameters<typeof openRig>[0]) {
  const rig = openRig(context);
  rig.write(WEB);
  rig.pf.setTable('web', GOAL);
  rig.pf.setReferences(['web']);
  const hfmd = await rig.start();
  await inSync(rig);
  const logged = (event: string) => hfmd.log.filter((line) => line.event === event);
  return { rig, logged };
}

describe.concurrent('another program that empties the table', () => {
  test('once is a drift, and nothing more', async (context) => {
    const { rig, logged } = await started(context);
    await flushes(rig, 1);
    await eventually(() => expect(logged('drift')).toMatchObject([{ missing: GOAL, surplus: [] }]));
    await aWhile();
    expect(logged('contested')).toEqual([]);
    expect((await rig.status()).pools[0]?.contested).toBe(0);
    await rig.ctlOk('status');
  });

  test('again and again is reported once, and its change is undone each time', async (context) => {
    const { rig, logged } = await started(context);
    await flushes(rig, 6);
    await eventually(async () => expect((await rig.status()).pools[0]?.contested).toBe(6));
    expect(logged('drift')).toHaveLength(2);
    expect(logged('contested')).toMatchObject([{ level: 'error', pool: 'web', active: true }]);
    // Only the first two changes are logged: the rest would fill the log.
    expect(logged('table').length).toBeLessThanOrEqual(2);
    const status = await rig.ctl('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/another program keeps changing the table \(6 times\)/);
  });
});
