import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ROUTES } from '../../src/control/routes.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import { CATALOGUE } from '../../src/events/catalogue.ts';
import type { HfmEvent } from '../../src/events/event.ts';
import { logEvent } from '../../src/events/log-events.ts';
import { createActions } from '../../src/hooks/actions.ts';
import { createScriptProbe } from '../../src/probes/script.ts';
import type { Exec } from '../../src/process/exec.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { HFMD, run } from '../system/harness.ts';
import { itemsOf, namesIn, projectFile } from './page.ts';
import { withConfig } from './with-config.ts';

const PAGE = 'hfmd.8';

describe('hfmd(8)', () => {
  test('describes the options of hfmd -h, and no others', async () => {
    const { code, stdout } = await run(HFMD, ['-h']).ended;
    expect(code).toBe(0);
    const inHelp = [...stdout.matchAll(/^ {2}-(\w), --(\w+)/gm)].map(([, s, l]) => `-${s} --${l}`);
    const inPage = itemsOf(PAGE)
      .filter(({ section, head }) => section === 'DESCRIPTION' && head.startsWith('Fl '))
      .map(({ head }) => head.replace(/^Fl (\w) , -(\w+).*/, '-$1 --$2'));
    expect(inPage.sort()).toEqual(inHelp.sort());
  });

  test('lists every resource of the control socket, and no other', () => {
    const described = itemsOf(PAGE)
      .filter(({ section }) => section === 'CONTROL SOCKET')
      .map(({ head }) => head.replace(/ Ns .*| Op .*|\?.*/, '').trim());
    expect(described.sort()).toEqual([...Object.keys(ROUTES), 'GET /v1/events'].sort());
  });

  test('lists the events that are trouble under their level', () => {
    expect(AT_THEIR_WORST.map(({ kind }) => kind)).toEqual(Object.keys(CATALOGUE));
    const log = createRecordingLog();
    for (const event of AT_THEIR_WORST) logEvent(log, event);
    const levelOf = (level: string): unknown[] =>
      log.lines.filter((line) => line.level === level).map(({ fields }) => fields.event);
    const described = itemsOf(PAGE)
      .filter(({ section, head }) => section === 'LOG' && /^Cm (error|warn)$/.test(head))
      .map(({ head, body }) => [
        head.slice(3),
        body.flatMap((line) => /^\.Li ([a-z-]+)/.exec(line)?.[1] ?? []).sort(),
      ]);
    expect(described).toEqual([
      ['error', levelOf('error').sort()],
      ['warn', levelOf('warn').sort()],
    ]);
  });

  test('and hfm.toml(5) list the environment of scripts and actions as it is', async () => {
    const { scripts, actions } = await environments();
    expect(namesIn('hfm.toml.5', 'SCRIPTS', 'Ev').sort()).toEqual(scripts.sort());
    expect(namesIn('hfm.toml.5', 'ACTIONS', 'Ev').sort()).toEqual(
      actions.filter((name) => name.startsWith('HFM_')).sort(),
    );
  });
});

const web = { pool: poolName('web'), table: 'web', anchor: null };
const lb1 = backendName('lb1');

/** One of each kind, as grave as it can be, in the order of the catalogue. */
const AT_THEIR_WORST: readonly HfmEvent[] = [
  {
    kind: 'health',
    backend: lb1,
    from: 'up',
    to: 'down',
    check: 'http',
    reason: 'connect-refused',
    detail: '',
    count: '3 of 3',
    lastedMs: 0,
  },
  { kind: 'asks-drain', backend: lb1, active: true, detail: '' },
  {
    kind: 'admin',
    name: 'lb1',
    from: 'ready',
    to: 'maint',
    by: null,
    reason: null,
    untilMs: null,
  },
  { kind: 'table', ...web, added: [], removed: ['10.2.1.11'], durationMs: 4 },
  { kind: 'drift', ...web, missing: ['10.2.1.11'], surplus: [] },
  { kind: 'contested', ...web, active: true, drifts: 3 },
  { kind: 'table-error', ...web, error: 'no' },
  { kind: 'table-ok', ...web, afterMs: 1 },
  { kind: 'ended', pool: web.pool, address: '10.2.1.11', what: 'states', count: 2 },
  { kind: 'warning', message: 'no rule uses it' },
  { kind: 'held', pool: web.pool, backend: lb1, addresses: [] },
  { kind: 'fallback', pool: web.pool, inUse: true },
  { kind: 'node-problem', problem: 'stalled', detail: '', active: true, count: 1 },
  { kind: 'action', action: 'log', backend: lb1, ok: false, detail: 'exit 1', durationMs: 1 },
  { kind: 'reload', ok: false, errors: ['no'] },
  { kind: 'start', version: '0', file: 'f', driver: 'pfctl', backends: 1, pools: 1 },
  { kind: 'stop' },
];

/** The names of what a script and an action get. */
async function environments(): Promise<{ scripts: string[]; actions: string[] }> {
  const loaded = withConfig(
    `[backend.mail]
address = "10.2.1.4"
port    = 25
checks  = [{ type = "script", command = ["${projectFile('actions/log-file')}"] }]
on_down = [{ command = ["${projectFile('actions/log-file')}", "/tmp/events"] }]
`,
    loadConfig,
  );
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
  const [backend] = loaded.config.backends;
  const [check] = backend?.checks ?? [];
  if (backend === undefined || check?.type !== 'script') throw new Error('no script check');
  const given: string[][] = [];
  const exec: Exec = async ({ env }) => {
    given.push(Object.keys(env));
    return { kind: 'exited', code: 0, stdout: '', stderr: '', durationMs: 1 };
  };
  await runProbe(createScriptProbe(exec, backend, check));
  await new Promise<void>((resolve) => {
    const actions = createActions({
      clock: createFakeClock(),
      exec,
      emit: () => resolve(),
      attempted: async () => {},
      confirmed: () => true,
    });
    const change = { from: 'up', to: 'down', reason: null, detail: '' } as const;
    actions.run(backend, { backend: backend.name, ...change });
  });
  const [scripts = [], actions = []] = given;
  return { scripts, actions };
}
