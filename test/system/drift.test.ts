import { describe, expect, test } from 'vitest';
import type { Pf } from '../pf/seed.mjs';
import { aWhile, eventually, inSync, memberByMode, openRig } from './harness.ts';

const WEB = `[pool.web]
table = "web"
${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}${memberByMode('lb3', '10.2.1.3', 'web', 'down')}`;

const GOAL = ['10.2.1.1', '10.2.1.2'];

interface Edit {
  readonly name: string;
  make(pf: Pf): Promise<unknown>;
  readonly missing: readonly string[];
  readonly surplus: readonly string[];
}

const EDITS: readonly Edit[] = [
  {
    name: 'a flush',
    make: (pf) => pf.run(['-t', 'web', '-T', 'flush']),
    missing: GOAL,
    surplus: [],
  },
  {
    name: 'a delete of a member by hand',
    make: (pf) => pf.run(['-t', 'web', '-T', 'delete', '10.2.1.1']),
    missing: ['10.2.1.1'],
    surplus: [],
  },
  {
    name: 'an add of a dead backend by hand',
    make: (pf) => pf.run(['-t', 'web', '-T', 'add', '10.2.1.3']),
    missing: [],
    surplus: ['10.2.1.3'],
  },
  {
    name: 'pfctl -f of a pf.conf that lists other addresses',
    make: (pf) => pf.load('table <web> persist { 10.2.1.2, 10.2.1.3 }\n'),
    missing: ['10.2.1.1'],
    surplus: ['10.2.1.3'],
  },
];

describe.concurrent('the table holds its goal again, and the log says what was wrong, after', () => {
  test.for(EDITS)('$name', async ({ make, missing, surplus }, context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', GOAL);
    const hfmd = await rig.start();
    await inSync(rig);
    await make(rig.pf);
    await eventually(() => expect(rig.pf.table('web')).toEqual(GOAL));
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'drift')).toMatchObject([
        { level: 'warn', pool: 'web', table: 'web', missing, surplus },
      ]),
    );
    expect((await rig.ctl('events')).stdout).toMatch(/web <web>: changed by somebody else \(/);
  });

  test('`-T kill` of a table that hfm may create', async (context) => {
    const rig = openRig(context);
    rig.write(WEB.replace('table = "web"', 'table = "web"\ncreate = true'));
    rig.pf.setTable('web', GOAL);
    const hfmd = await rig.start();
    await inSync(rig);
    await rig.pf.run(['-t', 'web', '-T', 'kill']);
    await eventually(() => expect(rig.pf.table('web')).toEqual(GOAL));
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'drift')).toMatchObject([
        { pool: 'web', table: 'web', missing: GOAL, surplus: [] },
      ]),
    );
  });

  test('`-T kill`, which is an error, and a `pfctl -f` that makes the table again', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', GOAL);
    await rig.start();
    await inSync(rig);
    await rig.pf.run(['-t', 'web', '-T', 'kill']);
    await eventually(async () =>
      expect((await rig.ctl('status')).stdout).toMatch(
        /! web: not proven in pf: .*Table does not exist/,
      ),
    );
    expect(rig.pf.table('web')).toBe(undefined);
    await rig.pf.load('table <web> persist\n');
    await eventually(() => expect(rig.pf.table('web')).toEqual(GOAL));
    await inSync(rig);
  });

  test('`pfctl -f` with `persist` alone, which keeps the table: hfm changes nothing', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', GOAL);
    const hfmd = await rig.start();
    await rig.pf.load('table <web> persist\n');
    await rig.pf.run(['-t', 'web', '-T', 'add', '192.0.2.9']);
    await aWhile(2500);
    expect(rig.pf.table('web')).toEqual([...GOAL, '192.0.2.9']);
    expect(hfmd.log.filter(({ event }) => event === 'drift')).toEqual([]);
  });
});
