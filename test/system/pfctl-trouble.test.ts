import { chmodSync, renameSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Fault } from '../pf/seed.mjs';
import {
  aWhile,
  eventually,
  inSync,
  isChange,
  memberByMode,
  openRig,
  type Rig,
} from './harness.ts';

const WEB = `[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;

interface Trouble {
  readonly name: string;
  begin(rig: Rig): void;
  end(rig: Rig): void;
  /** The error in the log and in status. */
  readonly message: RegExp;
}

const faulty = (name: string, message: RegExp, ...faults: readonly Fault[]): Trouble => ({
  name,
  message,
  begin: ({ pf }) => pf.setFaults(...faults),
  end: ({ pf }) => pf.clearFaults(),
});

const TROUBLES: readonly Trouble[] = [
  {
    name: 'pfctl is not there',
    message: /could not be started: no such file/,
    begin: ({ pf }) => renameSync(pf.command, `${pf.command}.gone`),
    end: ({ pf }) => renameSync(`${pf.command}.gone`, pf.command),
  },
  {
    name: 'pfctl is not executable',
    message: /could not be started: permission denied/,
    begin: ({ pf }) => chmodSync(pf.command, 0o644),
    end: ({ pf }) => chmodSync(pf.command, 0o755),
  },
  {
    name: 'the table is not there',
    message: /exited 255: pfctl: Table does not exist/,
    begin: ({ pf }) => pf.removeTable('web'),
    end: ({ pf }) => pf.setTable('web', ['10.2.1.1', '10.2.1.2']),
  },
  {
    name: 'the table is const',
    message: /exited 255: pfctl: Operation not permitted/,
    begin: ({ pf }) => pf.setTable('web', ['10.2.1.1', '10.2.1.2'], { const: true }),
    end: ({ pf }) => pf.setTable('web', ['10.2.1.1', '10.2.1.2']),
  },
  faulty('hfmd may not use pf', /exited 1: pfctl: \/dev\/pf: Permission denied/, {
    fault: 'permission',
  }),
  faulty('there is no /dev/pf', /exited 1: pfctl: \/dev\/pf: No such file/, {
    fault: 'missing-device',
  }),
  faulty('doas refuses', /exited 1: doas: Operation not permitted/, {
    fault: 'fail',
    stderr: 'doas: Operation not permitted\n',
  }),
  faulty('pfctl hangs', /did not end within \d+ ms/, { fault: 'hang' }),
  faulty('pfctl hangs and ignores TERM', /did not end within \d+ ms/, {
    fault: 'hang-ignoring-term',
  }),
  faulty('pfctl is killed', /was killed by SIGKILL/, { fault: 'kill-before' }),
  faulty('pfctl prints megabytes of nonsense', /printed ".*", expected an address/s, {
    fault: 'nonsense-stdout',
  }),
  faulty('pfctl prints megabytes of errors', /exited 1: /, { fault: 'nonsense-stderr' }),
  faulty('pfctl reports success and changes nothing', /the table does not give up 10\.2\.1\.1/, {
    fault: 'silent-noop',
  }),
  faulty('only deletes fail', /-T delete -f - exited 1: pfctl: Input\/output error/, {
    fault: 'fail',
    on: ['delete'],
  }),
];

/** The error of a missing right: first that to delete, then that to read, unless hfmd read first. */
const RIGHTS = /permission denied|not permitted/i;

describe.concurrent('a change while', () => {
  test.for(TROUBLES)(
    '$name: the error names the cause, and the change is made afterwards',
    async (trouble, context) => {
      const rig = openRig(context);
      rig.write(WEB);
      rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
      const hfmd = await rig.start();
      await inSync(rig);
      const logged = (event: string) => hfmd.log.filter((line) => line.event === event);

      trouble.begin(rig);
      await rig.ctlOk('drain', 'lb1');
      await eventually(() =>
        expect(logged('table-error')[0]).toMatchObject({
          level: 'error',
          pool: 'web',
          table: 'web',
          error: expect.stringMatching(trouble.message),
        }),
      );
      const status = await rig.ctl('status');
      expect(status.code).toBe(1);
      expect(status.stdout).toMatch(/web +<web> +1\/2 +NOT PROVEN: /);
      expect(status.stdout).toMatch(trouble.message);
      expect(status.stdout).toMatch(/^! web: not proven in pf: /m);
      // Later tries log nothing new, except that each missing right is logged once.
      await aWhile();
      const texts = logged('table-error').map(({ error }) => error);
      expect(new Set(texts).size).toBe(texts.length);
      expect(texts.length).toBeLessThanOrEqual(RIGHTS.test(String(texts[0])) ? 2 : 1);

      trouble.end(rig);
      await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
      await eventually(() => expect(logged('table-ok')).toHaveLength(1));
      await rig.ctlOk('status');
    },
  );

  test('pfctl is slow: the change is late, and no error is logged', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.start();
    rig.pf.setFaults({ fault: 'slow', ms: 700 });
    await rig.ctl('drain', 'lb1');
    expect((await rig.status()).backends[0]?.pools[0]).toMatchObject({ pending: true });
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    await inSync(rig);
    expect(hfmd.log.filter(({ event }) => event === 'table-error')).toEqual([]);
  });
});

describe.concurrent('while pfctl hangs', () => {
  test('probes stay punctual, a failed backend is marked down, and other tables change', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]\ntable = "web"\n[pool.int]\ntable = "int"\n${lb1.toml({ web: '10.2.1.1', int: '10.3.1.1' })}${lb2.toml({ web: '10.2.1.2', int: '10.3.1.2' })}`,
    );
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    rig.pf.setTable('int', ['10.3.1.1', '10.3.1.2']);
    await rig.start();
    await eventually(async () =>
      expect((await rig.status()).backends.map(({ health }) => health)).toEqual(['up', 'up']),
    );
    rig.pf.setFaults({ fault: 'hang', table: 'web' });
    await lb1.set('closed');
    await eventually(() => expect(rig.pf.table('int')).toEqual(['10.3.1.2']));
    const before = await rig.status();
    expect(before.backends[0]).toMatchObject({
      health: 'down',
      pools: [{ name: 'web', pending: true }, { name: 'int' }],
    });
    const hits = lb2.hits;
    await aWhile(4000);
    // A probe every 500 ms makes eight.
    expect(lb2.hits - hits).toBeGreaterThanOrEqual(6);
    const { engine } = await rig.status();
    expect(engine.skipped - before.engine.skipped).toBeLessThanOrEqual(1);
    rig.pf.clearFaults();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
  });

  test('hfmd starts and probes, and changes the table later', async (context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    await lb1.set('closed');
    rig.write(
      `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`,
    );
    rig.pf.setTable('web', ['10.2.1.1']);
    rig.pf.setFaults({ fault: 'hang' });
    await rig.start();
    await eventually(async () => {
      const { backends, degraded } = await rig.status();
      expect(backends.map(({ health }) => health)).toEqual(['down', 'up']);
      expect(degraded).toBe(true);
    });
    expect((await rig.ctl('status')).stdout).toContain('not proven in pf');
    rig.pf.clearFaults();
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
  });
});

describe.concurrent('a table that does not exist', () => {
  test('is not created by a typo', async (context) => {
    const rig = openRig(context);
    rig.write(WEB.replace('table = "web"', 'table = "weeb"'));
    rig.pf.setTable('web', ['10.2.1.1']);
    await rig.start();
    await aWhile();
    const status = await rig.ctl('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/! web: not proven in pf: .*-t weeb .*Table does not exist/);
    expect(rig.pf.table('weeb')).toBe(undefined);
    expect(rig.pf.calls().filter(isChange)).toEqual([]);
  });

  test('is created with create = true, also if it vanishes later', async (context) => {
    const rig = openRig(context);
    rig.write(WEB.replace('table = "web"', 'table = "web"\nanchor = "hfm"\ncreate = true'));
    const hfmd = await rig.start();
    const table = () => rig.pf.table('web', { anchor: 'hfm' });
    await eventually(() => expect(table()).toEqual(['10.2.1.1', '10.2.1.2']));
    rig.pf.removeTable('web', { anchor: 'hfm' });
    await eventually(() => expect(table()).toEqual(['10.2.1.1', '10.2.1.2']));
    expect(hfmd.log.filter(({ event }) => event === 'table-error')).toEqual([]);
  });
});
