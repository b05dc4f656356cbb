import { describe, expect, test } from 'vitest';
import { aWhile, eventually, inSync, memberByMode, openRig, type Rig } from './harness.ts';

const TRUE = ['10.2.1.1', '10.2.1.2'];
const WEB = `[pool.web]
table = "web"
${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;

async function flushes(rig: Rig, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    await rig.pf.run(['-t', 'web', '-T', 'flush']);
    await eventually(() => expect(rig.pf.table('web')).toEqual(TRUE));
    // Only what was seen to be true again is undone.
    await inSync(rig);
  }
}

async function started(context: Parameters<typeof openRig>[0]) {
  const rig = openRig(context);
  rig.write(WEB);
  rig.pf.setTable('web', TRUE);
  rig.pf.setReferences(['web']);
  const hfmd = await rig.start();
  await inSync(rig);
  const told = (event: string) => hfmd.log.filter((line) => line.event === event);
  return { rig, told };
}

describe.concurrent('a program that empties the table', () => {
  test('once has edited it: a drift, and nothing more', async (context) => {
    const { rig, told } = await started(context);
    await flushes(rig, 1);
    await eventually(() => expect(told('drift')).toMatchObject([{ missing: TRUE, surplus: [] }]));
    await aWhile();
    expect(told('contested')).toEqual([]);
    expect((await rig.status()).pools[0]?.contested).toBe(0);
    await rig.ctlOk('status');
  });

  test('again and again is told of once, and its work is undone each time', async (context) => {
    const { rig, told } = await started(context);
    await flushes(rig, 6);
    await eventually(async () => expect((await rig.status()).pools[0]?.contested).toBe(6));
    expect(told('drift')).toHaveLength(2);
    expect(told('contested')).toMatchObject([{ level: 'error', pool: 'web', active: true }]);
    // The two single ones say what was put right; the rest would fill the log.
    expect(told('table').length).toBeLessThanOrEqual(2);
    const status = await rig.ctl('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/another program keeps changing the table \(6 times\)/);
  });
});
