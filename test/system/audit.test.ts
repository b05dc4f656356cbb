import { describe, expect, test } from 'vitest';
import { eventually, inSync, memberByMode, openRig, type Rig } from './harness.ts';

const LB1 = memberByMode('lb1', '10.2.1.1');

function poolOn(table: string): string {
  return `[pool.web]\ntable = "${table}"\n${LB1}`;
}

interface Fault {
  readonly name: string;
  readonly warning: string;
  seed(rig: Rig): void;
}

/** Each concerns a pool on <weeb>. Rules use <web>. */
const FAULTS: readonly Fault[] = [
  {
    name: 'no rule uses',
    warning: 'web: table <weeb> is used by no rule; did you mean <web>?',
    seed: ({ pf }) => pf.setTable('weeb', []),
  },
  {
    name: 'is const',
    warning: 'web: table <weeb> is const: pf refuses to change it',
    seed({ pf }) {
      pf.setTable('weeb', [], { const: true });
      pf.setReferences(['web', 'weeb']);
    },
  },
  {
    name: 'is not there',
    warning: 'web: table <weeb> does not exist; did you mean <web>?',
    seed: () => {},
  },
];

describe.concurrent.for(['openbsd', 'freebsd'] as const)('on %s, a table that', (os) => {
  function seeded(context: Parameters<typeof openRig>[0], fault: Fault): Rig {
    const rig = openRig(context, { os });
    rig.pf.setTable('web', []);
    rig.pf.setReferences(['web']);
    fault.seed(rig);
    return rig;
  }

  test.for(FAULTS)(
    '$name gives a warning at start, in the log and in status',
    async (fault, context) => {
      const rig = seeded(context, fault);
      rig.write(poolOn('weeb'));
      const hfmd = await rig.start();
      await eventually(async () => expect((await rig.status()).warnings).toEqual([fault.warning]));
      expect((await rig.ctl('status')).stdout).toContain(`warning: ${fault.warning}\n`);
      await eventually(() =>
        expect(hfmd.log.filter(({ event }) => event === 'warning')).toMatchObject([
          { level: 'warn', msg: fault.warning },
        ]),
      );
    },
  );

  test.for(FAULTS)(
    '$name gives a warning at a reload, until a later reload',
    async (fault, context) => {
      const rig = seeded(context, fault);
      rig.write(poolOn('web'));
      const hfmd = await rig.start();
      await inSync(rig);
      expect((await rig.status()).warnings).toEqual([]);
      rig.write(poolOn('weeb'));
      hfmd.kill('SIGHUP');
      await eventually(async () => expect((await rig.status()).warnings).toEqual([fault.warning]));
      rig.write(poolOn('web'));
      await rig.ctlOk('reload');
      await eventually(async () => expect((await rig.status()).warnings).toEqual([]));
    },
  );

  test.for(FAULTS)('$name gives a warning in hfmd -n, which exits 0', async (fault, context) => {
    const rig = seeded(context, fault);
    rig.write(poolOn('weeb'));
    const { code, stdout, stderr } = await rig.spawnHfmd('-n').ended;
    expect([code, stdout]).toEqual([0, 'configuration OK\n']);
    expect(stderr).toBe(`warning: ${fault.warning}\n`);
  });
});

test('hfmd -n says that tables were not checked if pf can’t be read', async (context) => {
  const rig = openRig(context);
  rig.write(poolOn('weeb'));
  rig.pf.setFaults({ fault: 'permission' });
  expect(await rig.spawnHfmd('-n').ended).toMatchObject({
    code: 0,
    stderr: expect.stringMatching(
      /^warning: pf can't be read, tables not checked: .*Permission denied\n$/,
    ),
  });
});
