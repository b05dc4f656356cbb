import { describe, expect, test } from 'vitest';
import { aWhile, eventually, isChange, memberByMode, openRig, problemsOf } from './harness.ts';

describe.concurrent.each(['openbsd', 'freebsd'] as const)('on %s, a backend', (os) => {
  test('that dies leaves every table, IPv4 and IPv6, and comes back when it works again', async (context) => {
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

    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'health')).toHaveLength(6),
    );
    const lines = hfmd.log.filter(({ event }) => event === 'health').map(({ msg }) => msg);
    expect(lines.filter((line) => line.includes('lb1'))).toEqual([
      expect.stringMatching(/^lb1: unknown -> up \(.*2 of 2/),
      expect.stringMatching(/^lb1: up -> down \(connect-refused, 2 of 2, after \d+s\)/),
      expect.stringMatching(/^lb1: down -> up \(.*2 of 2, after \d+s\)/),
    ]);
    expect(lines.filter((line) => line.includes('lb2'))[1]).toMatch(/down \(read-timeout/);
    await eventually(async () => expect(await problemsOf(rig)).toEqual([]));
  });

  test('stays in the tables until it has failed `fall` times', async (context) => {
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
      expect(check?.last).toMatchObject({
        reason: 'http-status',
        detail: expect.stringContaining('503'),
      });
    });
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
    await lb1.set('ok');
    await eventually(async () =>
      expect((await rig.status()).backends[0]?.checks[0]?.streak).toMatchObject({ failures: 0 }),
    );
    expect(rig.pf.calls().filter(({ argv }) => argv.includes('delete'))).toEqual([]);
  });
});

describe.concurrent('fifty backends', () => {
  const names = Array.from({ length: 50 }, (_, i) => `b${i + 1}`);
  const addressOf = (i: number) => `10.2.1.${i + 1}`;

  test('that die together leave in one or two changes, not one by one', async (context) => {
    const rig = openRig(context);
    const [all, spare] = await rig.backends('all', 'spare');
    const members = names.map((name, i) =>
      all.toml({ web: addressOf(i) }).replace('.all]', `.${name}]`),
    );
    rig.write(`[pool.web]\ntable = "web"\n${spare.toml({ web: '10.2.2.1' })}${members.join('')}`, {
      defaults: { fall: 1, interval: '1s', timeout: '1s' },
    });
    rig.pf.setTable('web', [...names.map((_, i) => addressOf(i)), '10.2.2.1']);
    const hfmd = await rig.start();
    await eventually(async () =>
      expect((await rig.status()).backends.map(({ health }) => health)).not.toContain('unknown'),
    );
    // While hfmd is paused all probes come due, so afterwards it finds all backends dead together.
    hfmd.kill('SIGSTOP');
    await all.set('closed');
    await aWhile();
    expect(rig.pf.calls().filter(isChange)).toEqual([]);
    hfmd.kill('SIGCONT');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.2.1']));
    const changes = rig.pf.calls().filter(isChange);
    expect(changes.flatMap(({ stdin }) => stdin.trim().split('\n')).toSorted()).toEqual(
      names.map((_, i) => addressOf(i)).toSorted(),
    );
    expect(changes.length).toBeLessThanOrEqual(3);
  });

  test('that the operator drains and makes ready move in one delete and one add', async (context) => {
    const rig = openRig(context);
    const members = names.map((name, i) => memberByMode(name, addressOf(i)));
    rig.write(`[pool.web]\ntable = "web"\n${members.join('')}`);
    rig.pf.setTable('web', ['192.0.2.9']);
    await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toHaveLength(51));
    await rig.ctlOk('drain', '--pool', 'web', '--force');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['192.0.2.9']));
    await rig.ctlOk('ready', '--pool', 'web');
    await eventually(() => expect(rig.pf.table('web')).toHaveLength(51));
    const changes = rig.pf.calls().filter(isChange);
    expect(changes.map(({ argv }) => argv.at(-3))).toEqual(['add', 'delete', 'add']);
    expect(changes.map(({ stdin }) => stdin.trim().split('\n').length)).toEqual([50, 50, 50]);
    // hfmd passes addresses by stdin, so a doas rule can name the whole command.
    expect(changes[0]?.argv).toEqual(['-t', 'web', '-T', 'add', '-f', '-']);
  });
});
