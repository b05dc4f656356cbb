import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { ReloadJson } from '../../src/protocol/protocol.ts';
import { aWhile, eventually, isChange, memberByMode, openRig } from './harness.ts';

const POOLS = '[pool.web]\ntable = "web"\n[pool.int]\ntable = "int"\nanchor = "hfm"\n';

describe.concurrent('a reload', () => {
  test('makes exactly the changes that --plan shows', async (context) => {
    const rig = openRig(context);
    const { pf } = rig;
    rig.write(
      `${POOLS}${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}${memberByMode('db1', '10.3.1.1', 'int')}`,
    );
    pf.setTable('web', ['192.0.2.9']);
    pf.setTable('int', [], { anchor: 'hfm' });
    pf.setTable('new', ['10.4.1.9', '192.0.2.9']);
    await rig.start();
    await eventually(async () =>
      expect((await rig.status()).pools.map(({ in_sync }) => in_sync)).toEqual([true, true]),
    );
    pf.clearCalls();
    rig.write(
      `[pool.web]\ntable = "web"\n[pool.new]\ntable = "new"\nexclusive = true\n${memberByMode('lb1', '10.2.1.3')}${memberByMode('lb2', '10.2.1.2')}${memberByMode('n1', '10.4.1.1', 'new')}`,
    );
    const planned = await rig.ctl('--json', 'reload', '--plan');
    expect(planned.code).toBe(0);
    const { tables = [] } = JSON.parse(planned.stdout) as ReloadJson;
    expect(pf.calls().filter(isChange)).toEqual([]);
    expect((await rig.ctl('reload', '--plan')).stdout).toContain(
      'web: <web>: add 10.2.1.3, then delete 10.2.1.1\n',
    );
    const expected = tables.flatMap(({ table, anchor, operation, add, remove }) => {
      const place = [...(anchor === null ? [] : ['-a', anchor]), '-t', table, '-T'].join(' ');
      if (operation === 'replace') return [`${place} replace ${add.join(' ')}`];
      const parts = [];
      if (add.length > 0) parts.push(`${place} add ${add.join(' ')}`);
      if (remove.length > 0) parts.push(`${place} delete ${remove.join(' ')}`);
      return parts;
    });
    expect(expected).toHaveLength(4);

    expect(await rig.ctl('reload')).toMatchObject({ code: 0, stdout: 'reloaded\n' });
    await eventually(() => expect(pf.table('new')).toEqual(['10.4.1.1']));
    await eventually(() => expect(pf.table('web')).toEqual(['10.2.1.2', '10.2.1.3', '192.0.2.9']));
    await eventually(() => expect(pf.table('int', { anchor: 'hfm' })).toEqual([]));
    await aWhile();
    const made = pf
      .calls()
      .filter(isChange)
      .map(
        ({ argv, stdin }) => `${argv.slice(0, -2).join(' ')} ${stdin.trim().replace(/\n/g, ' ')}`,
      );
    expect(made.toSorted()).toEqual(expected.toSorted());
  });

  test('by SIGHUP keeps health and does not wait for new evidence', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    const web = `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`;
    rig.write(web);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    rig.pf.setTable('int', []);
    const hfmd = await rig.start();
    await eventually(async () =>
      expect((await rig.status()).backends.map(({ health }) => health)).toEqual(['up', 'up']),
    );
    const [before] = (await rig.status()).backends;
    // lb2 moves to another pool.
    rig.write(
      `[pool.web]\ntable = "web"\n[pool.int]\ntable = "int"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ int: '10.3.1.2' })}`,
    );
    hfmd.kill('SIGHUP');
    await eventually(() => expect(rig.pf.table('int')).toEqual(['10.3.1.2']));
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
    expect((await rig.status()).backends[0]).toMatchObject({ health: 'up', since: before?.since });
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'health')).toHaveLength(2),
    );
  });

  test('of a bad file changes nothing and names every error', async (context) => {
    const rig = openRig(context);
    rig.write(`[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}`);
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
    const { config } = await rig.status();
    rig.write(`[pool.web]\ntabel = "web"\n${memberByMode('lb1', '10.2.1.300')}`, {
      defaults: { fall: 0 },
    });
    for (const args of [['reload'], ['reload', '--plan']]) {
      const { code, stdout, stderr } = await rig.ctl(...args);
      expect([code, stdout]).toEqual([1, '']);
      expect(stderr).toMatch(/^hfmctl: refused: .*the running one goes on\n/);
      const lines = stderr.trimEnd().split('\n').slice(1);
      expect(lines.length).toBeGreaterThanOrEqual(3);
      for (const line of lines) expect(line).toMatch(/^\S+hfm\.toml:\d+: [\w.]+: \w/);
      expect(stderr).toMatch(/tabel.*table/);
      expect(stderr).toMatch(/10\.2\.1\.300/);
    }
    const json = await rig.ctl('reload', '--json');
    expect(json.code).toBe(1);
    expect(JSON.parse(json.stdout)).toMatchObject({ errors: expect.any(Array) });

    writeFileSync(rig.configFile, '[pool.web\n');
    hfmd.kill('SIGHUP');
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'reload').at(-1)).toMatchObject({
        level: 'error',
        ok: false,
        errors: [expect.stringMatching(/hfm\.toml:1:/)],
      }),
    );
    expect((await rig.status()).config).toEqual(config);
    expect(rig.pf.calls().filter(isChange)).toHaveLength(1);
    expect(rig.pf.table('web')).toEqual(['10.2.1.1']);
  });

  test('says which changes need a restart', async (context) => {
    const rig = openRig(context);
    const body = `[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}`;
    rig.write(body);
    rig.pf.setTable('web', []);
    await rig.start();
    rig.write(body, { daemon: { state_file: rig.path('other.json') } });
    expect((await rig.ctl('reload')).stdout).toMatch(
      /^reloaded\nnote: daemon.state_file has changed, which takes effect when/,
    );
  });
});
