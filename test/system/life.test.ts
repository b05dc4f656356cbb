import { describe, expect, test } from 'vitest';
import { eventually, openRig } from './harness.ts';

describe.concurrent.each(['openbsd', 'freebsd'] as const)('on %s, a backend', (os) => {
  test('that dies leaves every table, IPv4 and IPv6, and comes back when it works', async (context) => {
    const rig = openRig(context, { os });
    const { pf } = rig;
    const [lb1, lb2] = [await rig.backend('lb1'), await rig.backend('lb2', { family: 6 })];
    rig.write(`
[pool.web]
table = "web"
[pool.int]
table = "int"
anchor = "hfm/in"
${lb1.toml({ web: ['10.2.1.1', 'fd00:2::1'], int: '10.3.1.1' })}
${lb2.toml({ web: ['10.2.1.2', 'fd00:2::2'], int: '10.3.1.2' })}`);
    pf.setTable('web', []);
    pf.setTable('int', [], { anchor: 'hfm/in' });
    const hfmd = await rig.start();
    const tables = () => ({ web: pf.table('web'), int: pf.table('int', { anchor: 'hfm/in' }) });
    const both = {
      web: ['10.2.1.1', '10.2.1.2', 'fd00:2::1', 'fd00:2::2'],
      int: ['10.3.1.1', '10.3.1.2'],
    };
    const only = (n: number) => ({ web: [`10.2.1.${n}`, `fd00:2::${n}`], int: [`10.3.1.${n}`] });
    await eventually(() => expect(tables()).toEqual(both));

    await lb1.set('closed');
    await eventually(() => expect(tables()).toEqual(only(2)));
    await lb1.set('ok');
    await eventually(() => expect(tables()).toEqual(both));
    await lb2.set('hang');
    await eventually(() => expect(tables()).toEqual(only(1)));
    await lb2.set('ok');
    await eventually(() => expect(tables()).toEqual(both));

    const lines = hfmd.log.filter(({ event }) => event === 'health').map(({ msg }) => msg);
    expect(lines.filter((line) => line.includes('lb1'))).toEqual([
      expect.stringMatching(/^lb1: unknown -> up \(.*2 of 2/),
      expect.stringMatching(/^lb1: up -> down \(connect-refused, 2 of 2, after \d+s\)/),
      expect.stringMatching(/^lb1: down -> up \(.*2 of 2, after \d+s\)/),
    ]);
    expect(lines.filter((line) => line.includes('lb2'))[1]).toMatch(/down \(read-timeout/);
    expect((await rig.ctl('status')).code).toBe(0);
  });

  test('is in the tables as long as one of two failures has come', async (context) => {
    const rig = openRig(context, { os });
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]
table = "web"
${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`,
      { defaults: { fall: 200, fast_interval: '20ms' } },
    );
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    await rig.start();
    await lb1.set('unavailable');
    await eventually(async () => {
      const check = (await rig.status()).backends[0]?.checks[0];
      expect(check?.streak.failures).toBeGreaterThan(5);
      expect(check?.last).toMatchObject({ reason: 'http-status', detail: expect.stringContaining('503') });
    });
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
    await lb1.set('ok');
    await eventually(async () =>
      expect((await rig.status()).backends[0]?.checks[0]?.streak).toMatchObject({ failures: 0 }),
    );
    expect(rig.pf.calls().filter(({ argv }) => argv.includes('delete'))).toEqual([]);
  });
});
