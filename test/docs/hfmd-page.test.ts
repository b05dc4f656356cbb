import { describe, expect, test } from 'vitest';
import { loadConfig } from '../../src/config/load.ts';
import { ROUTES } from '../../src/control/routes.ts';
import { CATALOGUE } from '../../src/events/catalogue.ts';
import { logEvent } from '../../src/events/log-events.ts';
import { createActions } from '../../src/hooks/actions.ts';
import { createScriptProbe } from '../../src/probes/script.ts';
import type { Exec } from '../../src/process/exec.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { createRecordingLog } from '../fakes/log.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { HFMD, run } from '../system/harness.ts';
import { EVERY_EVENT } from './every-event.ts';
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
    expect(EVERY_EVENT.map(({ kind }) => kind)).toEqual(Object.keys(CATALOGUE));
    const log = createRecordingLog();
    for (const event of EVERY_EVENT) logEvent(log, event);
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
