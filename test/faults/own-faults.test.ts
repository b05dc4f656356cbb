import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { eventually, type Hfmd, openRig } from '../system/harness.ts';

/** One failure marks down, so a single failure that is hfmd's own fault shows. */
const HASTY = { defaults: { fall: 1, rise: 1 } };

function falls({ log }: Hfmd): unknown[] {
  return log.filter(({ event, to }) => event === 'health' && to === 'down');
}

describe.concurrent('no backend leaves because of hfmd', () => {
  test('when hfmd is stopped and continued, as in a suspended VM', async (context) => {
    const rig = openRig(context);
    // Takes so long that a script is nearly always under way.
    const script = rig.script('slow', 'sleep 0.5');
    const names = ['lb1', 'lb2', 'lb3', 'lb4'];
    const members = names.map(
      (name, i) => `[backend.${name}]
address = "127.0.0.1"
checks = [{ type = "script", command = ["${script}"] }]
pools = { web = "10.2.1.${i + 1}" }
`,
    );
    rig.write(`[pool.web]\ntable = "web"\n${members.join('')}`, {
      defaults: { ...HASTY.defaults, interval: '1200ms', timeout: '1100ms' },
    });
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2', '10.2.1.3', '10.2.1.4']);
    const hfmd = await rig.start();
    await eventually(async () =>
      expect((await rig.status()).backends.map(({ health }) => health)).toEqual(
        names.map(() => 'up'),
      ),
    );
    for (let i = 0; i < 6; i++) {
      hfmd.kill('SIGSTOP');
      await sleep(1600);
      hfmd.kill('SIGCONT');
      // Differs each time, so that other scripts are under way at each stop.
      await sleep(1260 + 83 * i);
    }
    // A busy machine may have other problems, such as scripts that start late.
    const problems = hfmd.log.filter(({ problem }) => problem === 'stalled');
    expect(problems).toMatchObject([{ event: 'node-problem', active: true }]);
    expect(falls(hfmd)).toEqual([]);
    expect(rig.pf.table('web')).toHaveLength(4);
  });

  test('when it has no descriptor left, which is a problem of this node', async (context) => {
    const rig = openRig(context);
    const lb1 = await rig.backend('lb1');
    const hog = await rig.backend('hog');
    const hogs = Array.from({ length: 150 }, (_, i) =>
      hog.toml({ hogs: `10.9.${i >> 7}.${i & 127}` }).replace('[backend.hog]', `[backend.hog${i}]`),
    );
    rig.write(
      `[pool.web]\ntable = "web"\n[pool.hogs]\ntable = "hogs"\nmin_in_service = 0\n${lb1.toml({ web: '10.2.1.1' })}${hogs.join('')}`,
      { defaults: { ...HASTY.defaults, interval: '1s', timeout: '1s', down_interval: '1s' } },
    );
    rig.pf.setTable('web', ['10.2.1.1']);
    rig.pf.setTable('hogs', []);
    const hfmd = await rig.startWith({
      through: ['/bin/sh', '-c', 'ulimit -n 130; exec "$@"', 'sh'],
      // hfmd does not know of these, so it runs more probes than it has descriptors for.
      openFiles: 60,
    });
    const changesOfLb1 = () =>
      hfmd.log.filter(({ event, backend }) => event === 'health' && backend === 'lb1');
    await eventually(() => expect(changesOfLb1()).toMatchObject([{ to: 'up' }]));
    await hog.set('hang');
    await eventually(async () =>
      expect((await rig.status()).node_problems.map(({ kind }) => kind)).toContain(
        'no-descriptors',
      ),
    );
    await sleep(5000);
    const problems = hfmd.log.filter(({ event }) => event === 'node-problem');
    expect(problems.filter(({ problem }) => problem === 'no-descriptors')).toHaveLength(1);
    expect(changesOfLb1()).toMatchObject([{ to: 'up' }]);
    expect(rig.pf.table('web')).toEqual(['10.2.1.1']);
    // The control socket needs a free descriptor too.
    await eventually(async () => expect((await rig.status()).degraded).toBe(true));
  });

  test.for([
    ['probes wait for a descriptor', false],
    ['no connection is kept alive', true],
  ] as const)('when there are more backends than descriptors: %s', async ([, keep], context) => {
    const rig = openRig(context);
    const lb = await rig.backend('lb');
    const members = Array.from({ length: 400 }, (_, i) =>
      lb.toml({ web: `10.9.${i >> 7}.${i & 127}` }).replace('[backend.lb]', `[backend.lb${i}]`),
    );
    rig.write(`[pool.web]\ntable = "web"\n${members.join('')}`, {
      defaults: { ...HASTY.defaults, interval: '2s', timeout: '1800ms' },
      http: { keep_alive: keep },
    });
    rig.pf.setTable('web', []);
    const hfmd = await rig.startWith({
      through: ['/bin/sh', '-c', 'ulimit -n 130; exec "$@"', 'sh'],
    });
    await eventually(() => expect(rig.pf.table('web')).toHaveLength(400));
    // After each pause the answers of all backends arrive at once.
    for (let i = 0; i < 3; i++) {
      hfmd.kill('SIGSTOP');
      await sleep(2200);
      hfmd.kill('SIGCONT');
      await sleep(2000);
    }
    const problems = hfmd.log.filter(({ event }) => event === 'node-problem');
    expect(problems.filter(({ problem }) => problem === 'no-descriptors')).toEqual([]);
    expect(hfmd.log.filter(({ event }) => event === 'table-error')).toEqual([]);
    expect(falls(hfmd)).toEqual([]);
  });
});
