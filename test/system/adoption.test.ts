import { describe, expect, test } from 'vitest';
import { aWhile, eventually, isChange, memberByMode, openRig, type Rig } from './harness.ts';

/** Waits until every backend has been probed and every table read. */
async function settled(rig: Rig): Promise<void> {
  await eventually(async () => {
    const { backends, pools } = await rig.status();
    expect(backends.map(({ health }) => health)).not.toContain('unknown');
    expect(pools.map(({ in_sync }) => in_sync)).not.toContain(false);
  });
}

describe.concurrent('a start', () => {
  test('changes nothing if table and verdicts agree', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`,
    );
    await lb2.set('closed');
    rig.pf.setTable('web', ['10.2.1.1', '192.0.2.9', '!192.0.2.10']);
    await rig.start();
    await settled(rig);
    await aWhile();
    expect(rig.pf.calls().filter(isChange)).toEqual([]);
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '192.0.2.9', '!192.0.2.10']);
  });

  test('takes out a dead backend only after `fall` failures', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' }, 'fall = 4')}`,
    );
    await lb2.set('closed');
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
    await eventually(() =>
      expect(hfmd.log.find(({ backend }) => backend === 'lb2')).toMatchObject({
        from: 'unknown',
        to: 'down',
        reason: 'connect-refused',
        count: '4 of 4',
      }),
    );
  });

  test('after kill -9 removes nothing, also while every backend hangs', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`,
      { defaults: { fall: 20 } },
    );
    rig.pf.setTable('web', []);
    const first = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
    first.kill('SIGKILL');
    await first.ended;
    await Promise.all([lb1.set('hang'), lb2.set('hang')]);
    rig.pf.clearCalls();
    await rig.start();
    await eventually(async () => {
      const { backends } = await rig.status();
      for (const { checks } of backends) expect(checks[0]?.streak.failures).toBeGreaterThan(0);
    });
    expect(rig.pf.calls().filter(isChange)).toEqual([]);
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
  });

  test('takes out addresses that left the configuration while hfmd was stopped, whole pools too', async (context) => {
    const rig = openRig(context);
    const [web1, web2, int1] = [
      memberByMode('lb1', '10.2.1.1'),
      memberByMode('lb2', '10.2.1.2'),
      memberByMode('db1', '10.3.1.1', 'int'),
    ];
    rig.write(`[pool.web]\ntable = "web"\n[pool.int]\ntable = "int"\n${web1}${web2}${int1}`);
    rig.pf.setTable('web', ['192.0.2.9']);
    rig.pf.setTable('int', ['192.0.2.9']);
    const first = await rig.start();
    await eventually(() => expect(rig.pf.table('int')).toEqual(['10.3.1.1', '192.0.2.9']));
    await eventually(() =>
      expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2', '192.0.2.9']),
    );
    first.kill('SIGKILL');
    await first.ended;
    rig.write(`[pool.web]\ntable = "web"\n${web1}`);
    const second = await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '192.0.2.9']));
    await eventually(() => expect(rig.pf.table('int')).toEqual(['192.0.2.9']));
    await eventually(async () => expect((await rig.status()).retired_tables).toEqual([]));
    second.kill('SIGTERM');
    await second.ended;

    // hfm has forgotten the table: a later start leaves alone what others put there.
    rig.pf.setTable('int', ['10.3.1.1', '192.0.2.9']);
    await rig.start();
    await aWhile();
    expect(rig.pf.table('int')).toEqual(['10.3.1.1', '192.0.2.9']);
  });
});

describe.concurrent('addresses that are not in the configuration', () => {
  test('leave an exclusive pool, in one replace', async (context) => {
    const rig = openRig(context);
    rig.write(
      `[pool.web]\ntable = "web"\nexclusive = true\n${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`,
    );
    rig.pf.setTable('web', ['10.2.1.1', '192.0.2.9', '!192.0.2.10']);
    await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
    expect(rig.pf.calls().filter(isChange)).toMatchObject([
      { argv: ['-t', 'web', '-T', 'replace', '-f', '-'], stdin: '10.2.1.1\n10.2.1.2\n' },
    ]);
  });

  test('stay in any other pool, and hfmctl tables shows that they are not hfm’s', async (context) => {
    const rig = openRig(context);
    rig.write(`[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}`);
    rig.pf.setTable('web', ['192.0.2.9']);
    await rig.start();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '192.0.2.9']));
    const { stdout, code } = await eventually(async () => {
      const ended = await rig.ctl('tables', 'web');
      expect(ended.code).toBe(0);
      return ended;
    });
    expect(stdout).toMatch(/192\.0\.2\.9 +out +in +not hfm's/);
    expect(code).toBe(0);
  });
});

test('an IPv4 fallback comes in before the last member leaves, and leaves after the member is back', async (context) => {
  const rig = openRig(context);
  const lb1 = await rig.backend('lb1');
  rig.write(
    `[pool.web]\ntable = "web"\nfallback = ["10.2.1.99"]\n${lb1.toml({ web: '10.2.1.1' })}`,
  );
  rig.pf.setTable('web', ['10.2.1.1']);
  await rig.start();
  await lb1.set('closed');
  await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.99']));
  const status = await rig.ctl('status');
  expect(status.code).toBe(1);
  expect(status.stdout).toMatch(/0\/1 \+ fallback/);
  await lb1.set('ok');
  await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
  const verbs = rig.pf.calls().filter(isChange);
  expect(verbs.map(({ argv, stdin }) => `${argv[3]} ${stdin.trim()}`)).toEqual([
    'add 10.2.1.99',
    'delete 10.2.1.1',
    'add 10.2.1.1',
    'delete 10.2.1.99',
  ]);
});
