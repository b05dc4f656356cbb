import { spawn } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { eventually, HFMCTL, inSync, memberByMode, openRig, type Rig, run } from './harness.ts';
import { keysWithoutSnakeCase } from './json-keys.ts';

const CONFIG = `[pool.web]
table = "web"
${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;

async function started(context: Parameters<typeof openRig>[0], more = ''): Promise<Rig> {
  const rig = openRig(context);
  rig.write(CONFIG + more);
  rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
  await rig.start();
  await inSync(rig);
  return rig;
}

const DOWN = memberByMode('lb3', '10.2.1.3', 'web', 'down');

describe.concurrent('hfmctl', () => {
  test('exits 0 when all is well, 1 when something is down', async (context) => {
    const rig = await started(context, DOWN);
    for (const args of [
      ['status', 'lb1', 'lb2'],
      ['explain', 'lb3'],
      ['explain', 'web/lb1'],
      ['tables'],
      ['tables', 'web'],
      ['events'],
      ['version'],
      ['reload', '--plan'],
    ]) {
      expect([args, await rig.ctl(...args)]).toMatchObject([args, { code: 0, stderr: '' }]);
    }
    expect(await rig.ctl('status')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/\n! lb3 is down\n$/),
    });
    expect((await rig.ctl('status', 'lb3')).code).toBe(1);
    // No server listens on its port.
    expect(await rig.ctl('check', 'lb1')).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^tcp +fail +[\d.]+ ms +connect-refused: /),
    });
    expect((await rig.status()).backends[0]?.health).toBe('up');
  });

  test('exits 1 when hfmd refuses, and names the nearest known name', async (context) => {
    const rig = await started(context);
    const cases: [string[], string][] = [
      [['status', 'lb9'], 'no backend or pool "lb9"; did you mean "lb1"?'],
      [['explain', 'bl1'], 'no backend "bl1"; did you mean "lb1"?'],
      [['drain', 'lb1', 'nonesuch'], 'no backend "nonesuch"'],
      [['drain', 'wbe/lb1'], 'no membership "wbe/lb1"; did you mean "web/lb1"?'],
      [['drain', 'web'], '--pool web'],
      [['drain', '--pool', 'weeb'], 'no pool "weeb"; did you mean "web"?'],
      [['tables', 'weeb'], 'no pool "weeb"; did you mean "web"?'],
      [['check', 'lb'], 'no backend "lb"; did you mean'],
      [['ready', 'lb3'], 'did you mean'],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await rig.ctl(...args);
      expect([args, code, stdout]).toEqual([args, 1, '']);
      expect(stderr).toMatch(/^hfmctl: refused: /);
      expect(stderr).toContain(message);
    }
    expect((await rig.status()).backends.map(({ admin }) => admin.state)).toEqual([
      'ready',
      'ready',
    ]);
  });

  test('exits 2 when hfmd does not run, for every command', async (context) => {
    const rig = openRig(context);
    for (const args of [
      ['status'],
      ['explain', 'lb1'],
      ['tables'],
      ['drain', 'lb1', '--wait'],
      ['maint', 'lb1'],
      ['ready', 'lb1'],
      ['force-up', 'lb1'],
      ['check', 'lb1'],
      ['events', '-f'],
      ['reload', '--plan'],
      ['version'],
    ]) {
      const { code, stderr } = await rig.ctl(...args);
      expect([args, code, stderr]).toEqual([
        args,
        2,
        `hfmctl: hfmd does not run: there is no socket ${rig.socket}\n`,
      ]);
    }
  });

  test('exits 64 on a wrong command line, and says why', async (context) => {
    const rig = openRig(context);
    const cases: [string[], RegExp][] = [
      [[], /expected a command/],
      [['--json'], /expected a command/],
      [['statsu'], /no command "statsu"; did you mean "status"\?/],
      [['dran', 'lb1'], /did you mean "drain"\?/],
      [['xyzzy'], /no command "xyzzy"/],
      [['status', '--jsno'], /--jsno/],
      [['drain'], /expected the name of a backend/],
      [['drain', 'lb1', '--for'], /--for/],
      [['drain', 'lb1', '--for', '10'], /--for: found "10", expected a time/],
      [['drain', 'lb1', '--for', '-5s'], /--for/],
      [['drain', 'lb1', '--for', '0s'], /--for: found "0s"/],
      [['drain', 'lb1', '--timeout', '5s'], /--timeout goes with --wait/],
      [['drain', 'lb1', '--kill'], /--kill goes with --wait/],
      [['drain', 'lb1', '--wait=yes'], /--wait/],
      [['force-up', 'lb1', '--force'], /--force/],
      [['ready', 'lb1', '--for', '5s'], /--for/],
      [['explain'], /expected the name of a backend/],
      [['explain', 'lb1', 'lb2'], /lb2/],
      [['check', 'lb1', 'lb2'], /lb2/],
      [['tables', 'a', 'b'], /one pool/],
      [['events', 'lb1'], /expected no name/],
      [['reload', 'now'], /expected no name/],
      [['version', 'x'], /x/],
      [['-x', 'status'], /-x/],
    ];
    for (const [args, message] of cases) {
      const { code, stdout, stderr } = await rig.ctl(...args);
      expect([args, code, stdout]).toEqual([args, 64, '']);
      expect(stderr).toMatch(message);
      expect(stderr).toMatch(/\nTry "hfmctl .*--help"\.\n$/);
    }
  });

  test('--help explains hfmctl and every command', async (context) => {
    const rig = openRig(context);
    const help = await rig.ctl('--help');
    expect(help).toMatchObject({ code: 0, stderr: '' });
    const commands = [...help.stdout.matchAll(/^ {2}([a-z]+(?:-[a-z]+)?) {2,}/gm)].map(
      ([, name]) => name,
    );
    expect(commands).toEqual(
      expect.arrayContaining(['status', 'explain', 'tables', 'drain', 'force-up', 'reload']),
    );
    for (const command of commands) {
      const { code, stdout } = await rig.ctl(String(command), '--help');
      expect(code).toBe(0);
      expect(stdout).toMatch(new RegExp(`^usage: hfmctl .* ${command}`));
    }
    for (const option of [
      '--wait',
      '--timeout',
      '--kill',
      '--for',
      '--reason',
      '--force',
      '--pool',
    ]) {
      expect((await rig.ctl('drain', '-h')).stdout).toContain(option);
    }
  });

  test('prints JSON for every command with --json, before or after it', async (context) => {
    const rig = await started(context, DOWN);
    const cases: [string[], number][] = [
      [['status'], 1],
      [['status', 'lb1'], 0],
      [['explain', 'lb1'], 0],
      [['tables'], 0],
      [['maint', 'lb3'], 0],
      [['force-up', 'lb2'], 0],
      [['ready', 'lb2'], 0],
      [['drain', 'lb1'], 0],
      [['drain', 'lb1', '--wait'], 0],
      [['check', 'lb1'], 1],
      [['reload'], 0],
      [['reload', '--plan'], 0],
      [['version'], 0],
      [['drain', 'lb9'], 1],
      [['tables', 'x'], 1],
    ];
    for (const [args, code] of cases) {
      for (const line of [
        ['--json', ...args],
        [...args, '--json'],
      ]) {
        const ended = await rig.ctl(...line);
        expect([line, ended.code]).toEqual([line, code]);
        const json: unknown = JSON.parse(ended.stdout);
        expect(json).toBeTypeOf('object');
        expect([line, keysWithoutSnakeCase(json)]).toEqual([line, []]);
      }
    }
    const { stdout } = await rig.ctl('events', '--json');
    const events = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as { kind: string });
    expect(events.map(({ kind }) => kind)).toContain('admin');
    expect(keysWithoutSnakeCase(events)).toEqual([]);
    expect(
      JSON.parse((await run(HFMCTL, ['-s', '/nonesuch', '--json', 'status']).ended).stdout),
    ).toEqual({
      error: expect.stringContaining('/nonesuch'),
    });
  });

  test('status --json keeps the interface that scripts rely on', async (context) => {
    const rig = await started(context);
    expect(JSON.parse((await rig.ctl('status', '--json')).stdout)).toMatchObject({
      node: expect.any(String),
      version: expect.any(String),
      started_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
      config: {
        file: rig.configFile,
        sha256: expect.stringMatching(/^[0-9a-f]{64}$/),
        loaded_at: expect.any(String),
      },
      backends: [
        {
          name: 'lb1',
          address: '127.0.0.1',
          health: 'up',
          since: expect.any(String),
          admin: { state: 'ready', by: null, reason: null, until: null },
          checks: [
            {
              name: 'tcp',
              type: 'tcp',
              health: 'up',
              streak: { passes: 0, failures: 0 },
              last: null,
            },
          ],
          pools: [
            {
              name: 'web',
              addresses: ['10.2.1.1'],
              in_service: true,
              held_by: null,
              pending: false,
            },
          ],
        },
        { name: 'lb2' },
      ],
      pools: [
        {
          name: 'web',
          table: 'web',
          anchor: null,
          members: 2,
          in_service: 2,
          desired: ['10.2.1.1', '10.2.1.2'],
          actual: ['10.2.1.1', '10.2.1.2'],
          in_sync: true,
          confirmed_at: expect.any(String),
          error: null,
        },
      ],
    });
  });

  test('prints no colours without a terminal', async (context) => {
    const rig = await started(context, DOWN);
    for (const args of [
      ['status'],
      ['explain', 'lb3'],
      ['tables'],
      ['check', 'lb1'],
      ['drain', 'x'],
    ]) {
      const { stdout, stderr } = await rig.ctl(...args);
      expect(stdout + stderr).not.toContain('\x1b');
    }
  });

  test('exits 64 at a socket path that is too long for the system', async () => {
    const path = `/${'s'.repeat(103)}`;
    for (const how of [
      run(HFMCTL, ['-s', path, 'status']),
      run(HFMCTL, ['status'], { env: { HFM_SOCKET: path } }),
    ]) {
      expect(await how.ended).toMatchObject({
        code: 64,
        stderr: expect.stringContaining('found a socket path of 104 bytes, expected 103 at most'),
      });
    }
  });

  test('finds the socket in HFM_SOCKET', async (context) => {
    const rig = await started(context);
    expect((await run(HFMCTL, ['status'], { env: { HFM_SOCKET: rig.socket } }).ended).code).toBe(0);
  });

  test('ends quietly when its reader is gone', async (context) => {
    const rig = await started(context);
    const node = process.execPath;
    const pipe = `'${node}' '${HFMCTL}' -s '${rig.socket}' "$@" | head -c 5 >/dev/null`;
    for (const args of [['status'], ['events'], ['status', '--json']]) {
      const child = spawn('/bin/sh', ['-c', pipe, 'sh', ...args], {
        stdio: ['ignore', 'ignore', 'pipe'],
      });
      let stderr = '';
      child.stderr.setEncoding('utf8').on('data', (chunk) => {
        stderr += chunk;
      });
      const code = await new Promise((resolve) => void child.on('close', resolve));
      expect([args, code, stderr]).toEqual([args, 0, '']);
    }
    // `events -f` notices when its reader is gone.
    const follower = rig.spawnCtl('events', '-f');
    await eventually(() => expect(follower.stdout).toContain('hfmd started'));
    follower.child.stdout?.destroy();
    await eventually(async () => {
      await rig.ctl('force-up', 'lb1');
      expect(follower.child.exitCode).toBe(0);
    });
    expect(follower.stderr).toBe('');
  });

  test('events -f prints events as they come, and exits 2 when hfmd ends', async (context) => {
    const rig = openRig(context);
    rig.write(CONFIG);
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.start();
    const asText = rig.spawnCtl('events', '-f');
    const asJson = rig.spawnCtl('events', '--follow', '--json');
    await eventually(() => expect(asText.stdout + asJson.stdout).toMatch(/hfmd started.*"start"/s));
    await rig.ctl('drain', 'lb1', '--by', 'chris', '--reason', 'why not');
    await eventually(() =>
      expect(asText.stdout).toMatch(
        /^\d{4}-\S+Z {2}lb1: ready -> drain by chris \(why not\)\n.*web <web>: removed 10\.2\.1\.1 in \d+ ms/ms,
      ),
    );
    await eventually(() => expect(asJson.stdout).toContain('"removed":["10.2.1.1"]'));
    hfmd.kill('SIGTERM');
    for (const one of [asText, asJson]) expect((await one.ended).code).toBe(2);
    const lines = asJson.stdout
      .trimEnd()
      .split('\n')
      .map((line) => Object(JSON.parse(line)));
    for (const line of lines.slice(0, -1)) expect(line).toHaveProperty('seq');
  });
});
