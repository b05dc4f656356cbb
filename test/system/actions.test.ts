import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { eventually, inSync, openRig, type Rig } from './harness.ts';

/** The lines of a file that an action has written. */
function linesOf(rig: Rig, name: string): string[] {
  const path = rig.path(name);
  return existsSync(path) ? readFileSync(path, 'utf8').trimEnd().split('\n') : [];
}

async function started(
  context: Parameters<typeof openRig>[0],
  actions: Readonly<Record<string, string>>,
  more = '',
) {
  const rig = openRig(context);
  const [lb1, lb2] = await rig.backends('lb1', 'lb2');
  const names = JSON.stringify(Object.keys(actions));
  const sections = Object.entries(actions).map(
    ([name, body]) =>
      `[action.${name}]\ncommand = ["${rig.script(name, body)}", "${rig.folder}"]\n${more}\n`,
  );
  rig.write(`[pool.web]
table = "web"
[pool.int]
table = "int"
${sections.join('')}
${lb1.toml({ web: '10.2.1.1', int: '10.3.1.1' }, `on_down = ${names}\non_up = ${names}`)}
${lb2.toml({ web: '10.2.1.2', int: '10.3.1.2' })}`);
  rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
  rig.pf.setTable('int', ['10.3.1.1', '10.3.1.2']);
  const hfmd = await rig.start();
  await eventually(async () =>
    expect((await rig.status()).backends.map(({ health }) => health)).toEqual(['up', 'up']),
  );
  return { rig, hfmd, lb1 };
}

describe.concurrent('an action', () => {
  test('gets what happened, after the tables have changed', async (context) => {
    const { rig, hfmd, lb1 } = await started(context, {
      note: 'env | grep -v ^PWD= | sort > "$1/$HFM_EVENT.tmp" && mv "$1/$HFM_EVENT.tmp" "$1/$HFM_EVENT"',
    });
    await eventually(() => expect(linesOf(rig, 'up')).toContain('HFM_FROM=unknown'));
    await lb1.set('unavailable');
    await eventually(() => expect(linesOf(rig, 'down')).not.toEqual([]));
    // The table was right before the action ran, not some time later.
    expect(rig.pf.table('web')).toEqual(['10.2.1.2']);
    expect(rig.pf.table('int')).toEqual(['10.3.1.2']);
    const variables = linesOf(rig, 'down').filter((line) => line.startsWith('HFM_'));
    expect(variables).toEqual([
      `HFM_ADDRESS=${lb1.address}`,
      'HFM_BACKEND=lb1',
      'HFM_DETAIL=HTTP 503, expected 200-299',
      'HFM_EVENT=down',
      'HFM_FROM=up',
      'HFM_POOLS=web int',
      'HFM_REASON=http-status',
      'HFM_TABLES=confirmed',
      'HFM_TO=down',
    ]);
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'action').at(-1)).toMatchObject({
        level: 'info',
        action: 'note',
        backend: 'lb1',
        ok: true,
        detail: 'exit 0',
      }),
    );
  });

  test('runs even while pfctl hangs, and gets HFM_TABLES=pending', async (context) => {
    const { rig, hfmd, lb1 } = await started(context, {
      note: 'echo "$HFM_EVENT $HFM_TABLES" >> "$1/events"',
    });
    await eventually(() => expect(linesOf(rig, 'events')).toEqual(['up confirmed']));
    rig.pf.setFaults({ fault: 'hang' });
    await lb1.set('closed');
    await eventually(() => expect(linesOf(rig, 'events').at(-1)).toBe('down pending'));
    await eventually(() =>
      expect(hfmd.log.filter(({ event }) => event === 'action')).toHaveLength(2),
    );
    const timeOf = (line: unknown) => Date.parse(String(Object(line).time));
    const changed = hfmd.log.find(({ event, to }) => event === 'health' && to === 'down');
    const ran = hfmd.log.findLast(({ event }) => event === 'action');
    // hfmd waits at most 5 s for the tables; the rest is for a busy machine.
    expect(timeOf(ran) - timeOf(changed)).toBeLessThan(9000);
  });

  test('that fails or does not end is logged, and delays no table', async (context) => {
    const { rig, hfmd, lb1 } = await started(
      context,
      { fails: 'echo "no such pager" >&2; exit 3', hangs: "trap '' TERM; sleep 4711; sleep 4711" },
      'timeout = "3s"',
    );
    const outcomes = () => hfmd.log.filter(({ event }) => event === 'action');
    await lb1.set('closed');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    // The actions of "up" still run: they take 3 s.
    expect(outcomes().length).toBeLessThan(4);
    await eventually(() => expect(outcomes()).toHaveLength(4));
    for (const i of [0, 2]) {
      expect(outcomes()[i]).toMatchObject({
        level: 'error',
        action: 'fails',
        ok: false,
        detail: 'exit 3: no such pager',
      });
      expect(outcomes()[i + 1]).toMatchObject({
        level: 'error',
        action: 'hangs',
        ok: false,
        detail: expect.stringMatching(/^killed at its timeout after \d+ ms$/),
      });
    }
  });

  test('waits for the action before it: a backend’s actions run in order', async (context) => {
    const { rig, lb1 } = await started(context, {
      first:
        'echo "$HFM_EVENT first" >> "$1/events"; sleep 0.7; echo "$HFM_EVENT first done" >> "$1/events"',
      second: 'echo "$HFM_EVENT second" >> "$1/events"',
    });
    await lb1.set('closed');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
    await lb1.set('ok');
    await eventually(() => expect(linesOf(rig, 'events')).toHaveLength(9));
    expect(linesOf(rig, 'events')).toEqual(
      ['up', 'down', 'up'].flatMap((event) => [
        `${event} first`,
        `${event} first done`,
        `${event} second`,
      ]),
    );
  });

  test('does not run again after a restart for a change that it ran for before', async (context) => {
    const { rig, hfmd } = await started(context, { note: 'echo "$HFM_EVENT" >> "$1/events"' });
    await eventually(() => expect(linesOf(rig, 'events')).toEqual(['up']));
    hfmd.kill('SIGTERM');
    await hfmd.ended;
    await rig.start();
    await eventually(async () =>
      expect((await rig.status()).backends.map(({ health }) => health)).toEqual(['up', 'up']),
    );
    await inSync(rig);
    expect(linesOf(rig, 'events')).toEqual(['up']);
  });
});
