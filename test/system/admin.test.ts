import { describe, expect, test } from 'vitest';
import {
  aWhile,
  eventually,
  inSync,
  isChange,
  memberByMode,
  openRig,
  problemsOf,
  type Rig,
} from './harness.ts';

const POOLS = '[pool.web]\ntable = "web"\n[pool.int]\ntable = "int"\n';
/** lb1 is in two pools. */
const CONFIG = `${POOLS}
${memberByMode('lb1', '10.2.1.1').replace('"10.2.1.1" }', '"10.2.1.1", int = "10.3.1.1" }')}
${memberByMode('lb2', '10.2.1.2')}${memberByMode('lb3', '10.2.1.3')}`;

async function started(context: Parameters<typeof openRig>[0]): Promise<Rig> {
  const rig = openRig(context);
  rig.write(CONFIG);
  rig.pf.setTable('web', []);
  rig.pf.setTable('int', []);
  await rig.start();
  await eventually(() => expect(tables(rig)).toEqual(ALL));
  await inSync(rig);
  return rig;
}

const ALL = { web: ['10.2.1.1', '10.2.1.2', '10.2.1.3'], int: ['10.3.1.1'] };

function tables({ pf }: Rig) {
  return { web: pf.table('web'), int: pf.table('int') };
}

describe.concurrent('an override', () => {
  test('drain takes out every membership, ready brings it back, status says who set it and why', async (context) => {
    const rig = await started(context);
    const drained = await rig.ctl(
      'drain',
      'lb1',
      '--force',
      '--reason',
      'new kernel',
      '--by',
      'chris',
    );
    expect(drained).toMatchObject({ code: 0, stdout: 'lb1: drain\n', stderr: '' });
    await eventually(() => expect(tables(rig)).toEqual({ web: ['10.2.1.2', '10.2.1.3'], int: [] }));
    const status = await eventually(async () => {
      const ended = await rig.ctl('status');
      expect(ended.stdout).toContain('all is well');
      return ended;
    });
    // A backend that the operator took out does not make the node degraded.
    expect(status.code).toBe(0);
    expect(status.stdout).toMatch(/^lb1 .*drain by chris \(new kernel\).*not web.*not int/m);
    expect((await rig.ctl('ready', 'lb1')).stdout).toBe('lb1: ready\n');
    await eventually(() => expect(tables(rig)).toEqual(ALL));
  });

  test('on one membership leaves the others in', async (context) => {
    const rig = await started(context);
    expect((await rig.ctl('drain', 'web/lb1')).stdout).toBe('web/lb1: drain\n');
    await eventually(() =>
      expect(tables(rig)).toEqual({ web: ['10.2.1.2', '10.2.1.3'], int: ['10.3.1.1'] }),
    );
    expect((await rig.ctl('explain', 'lb1')).stdout).toMatch(
      /marked down at most .* after it fails.*then pfctl changes the tables: \S+ ms a run.*pool web: not in service: the operator has set drain.*pool int: in service/s,
    );
    await rig.ctlOk('ready', 'lb1');
    await eventually(() => expect(tables(rig)).toEqual(ALL));
  });

  test('ready on one membership is refused while the whole backend is drained', async (context) => {
    const rig = await started(context);
    await rig.ctl('drain', 'lb1', '--force');
    const out = { web: ['10.2.1.2', '10.2.1.3'], int: [] };
    await eventually(() => expect(tables(rig)).toEqual(out));
    const { code, stderr } = await rig.ctl('ready', 'web/lb1');
    expect(code).toBe(1);
    expect(stderr).toContain('ready lb1');
    expect(tables(rig)).toEqual(out);
  });

  test('that goes below the floor is refused with what would happen, and --force sets it', async (context) => {
    const rig = await started(context);
    for (const state of ['drain', 'maint']) {
      const refused = await rig.ctl(state, 'lb1', 'lb2', 'lb3');
      expect(refused).toMatchObject({ code: 1, stdout: '' });
      expect(refused.stderr).toMatch(/refused: .*web would have 0 IPv4 addresses in service/);
      expect(refused.stderr).toContain('int would have 0');
      expect(refused.stderr).toContain('--force');
    }
    expect(tables(rig)).toEqual(ALL);
    // Without two of the three one is left, which is the floor.
    await rig.ctlOk('drain', 'lb2', 'lb3');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
    expect((await rig.ctl('maint', 'lb1')).code).toBe(1);
    await rig.ctlOk('maint', 'lb1', '--force');
    await eventually(() => expect(tables(rig)).toEqual({ web: [], int: [] }));
  });

  test('with --for ends by itself', async (context) => {
    const rig = await started(context);
    await rig.ctlOk('drain', 'lb2', '--for', '1h');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.3']));
    const { admin } = (await rig.status()).backends[1] ?? {};
    expect(Date.parse(String(admin?.until))).toBeGreaterThan(Date.now());
    await rig.ctlOk('drain', 'lb2', '--for', '1s');
    await eventually(() => expect(tables(rig)).toEqual(ALL));
    expect((await rig.ctl('events')).stdout).toMatch(/lb2: drain -> ready \(its time is over\)/);
  });

  test('with --pool applies to all members, in that pool only', async (context) => {
    const rig = await started(context);
    const { code, stdout } = await rig.ctl('drain', '--pool', 'web', '--force');
    expect([code, stdout]).toEqual([0, 'web/lb1: drain\nweb/lb2: drain\nweb/lb3: drain\n']);
    await eventually(() => expect(tables(rig)).toEqual({ web: [], int: ['10.3.1.1'] }));
    await rig.ctlOk('ready', '--pool', 'web');
    await eventually(() => expect(tables(rig)).toEqual(ALL));
  });

  test('outlives kill -9, and so does the time at which it ends', async (context) => {
    const rig = openRig(context);
    rig.write(CONFIG);
    rig.pf.setTable('web', []);
    rig.pf.setTable('int', []);
    const first = await rig.start();
    await eventually(() => expect(tables(rig)).toEqual(ALL));
    await inSync(rig);
    await rig.ctl('drain', 'lb2', '--reason', 'disk', '--by', 'chris');
    await rig.ctl('drain', 'lb3', '--for', '4s');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
    await aWhile(500);
    first.kill('SIGKILL');
    await first.ended;
    rig.pf.clearCalls();
    await rig.start();
    expect((await rig.status()).backends[1]?.admin).toMatchObject({
      state: 'drain',
      by: 'chris',
      reason: 'disk',
    });
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.3']));
    expect(rig.pf.calls().filter(isChange)).toHaveLength(1);
  });
});

describe.concurrent('a backend that is probed', () => {
  test('is not probed in maint; after ready it must rise again', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' }, 'rise = 3')}${lb2.toml({ web: '10.2.1.2' })}`,
    );
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    await rig.start();
    await eventually(() => expect(lb1.hits).toBeGreaterThan(1));
    await rig.ctlOk('maint', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    const before = lb1.hits;
    await aWhile();
    expect(lb1.hits).toBe(before);
    await rig.ctlOk('ready', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
    expect(lb1.hits).toBeGreaterThanOrEqual(before + 3);
  });

  test('is still probed in drain, and comes back at once', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`,
    );
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    await rig.start();
    await eventually(async () =>
      expect((await rig.status()).backends.map(({ health }) => health)).toEqual(['up', 'up']),
    );
    await rig.ctl('drain', 'lb1');
    const before = lb1.hits;
    await eventually(() => expect(lb1.hits).toBeGreaterThan(before + 1));
    await lb1.set('closed');
    await eventually(async () => expect((await rig.status()).backends[0]?.health).toBe('down'));
    // It is down, but the operator took it out: status shows no problem.
    await eventually(async () => expect(await problemsOf(rig)).toEqual([]));
    await rig.ctl('ready', 'lb1');
    await aWhile(500);
    expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
    expect((await rig.ctl('status')).code).toBe(1);
  });

  test('that is dead comes in with force-up, and leaves again with ready', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`,
    );
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    await rig.start();
    await lb1.set('unavailable');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    expect((await rig.ctl('force-up', 'lb1')).stdout).toBe('lb1: force-up\n');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']));
    await aWhile();
    expect(rig.pf.table('web')).toEqual(['10.2.1.1', '10.2.1.2']);
    await rig.ctl('ready', 'lb1');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
  });
});
