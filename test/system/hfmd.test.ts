import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { eventually, HFMD, memberByMode, openRig, run } from './harness.ts';

const WEB = `[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}`;

describe.concurrent('hfmd', () => {
  test('-n accepts a valid configuration and starts nothing', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', []);
    const { code, stdout } = await rig.spawnHfmd('-n').ended;
    expect([code, stdout]).toEqual([0, 'configuration OK\n']);
    expect(rig.pf.table('web')).toEqual([]);
  });

  test('-n prints every error of a bad configuration with its line, and exits 1', async (context) => {
    const rig = openRig(context);
    rig.write(
      `include = []
[pool.web]
tabel = "web"
anchor = "/hfm"
[backend.lb1]
address = "010.0.0.1"
checks = ["htpt"]
pools = { weeb = "lb1.example.org" }
on_down = ["page"]
`.replace('include = []\n', ''),
      { defaults: { timeout: '5s', rise: 0, intervall: '1s' } },
    );
    const { code, stdout, stderr } = await rig.spawnHfmd('-n').ended;
    expect([code, stdout]).toEqual([1, '']);
    for (const line of stderr.trimEnd().split('\n')) {
      expect(line).toMatch(/^\S+hfm\.toml:\d+: [\w.[\]"]+: /);
    }
    for (const message of [
      /defaults\.timeout: .*5s/,
      /defaults\.rise: found 0/,
      /defaults\.intervall: unknown key; did you mean "interval"\?/,
      /pool\.web\.tabel: unknown key; did you mean "table"\?/,
      /pool\.web\.anchor: .*"\/hfm"/,
      /backend\.lb1\.address: .*010\.0\.0\.1/,
      /backend\.lb1\.checks.*htpt.*http/,
      /backend\.lb1\.pools.*weeb.*web/,
      /lb1\.example\.org/,
      /backend\.lb1\.on_down.*page/,
    ]) {
      expect(stderr).toMatch(message);
    }
  });

  test('does not start with a bad configuration, nor without one', async (context) => {
    const rig = openRig(context);
    writeFileSync(rig.configFile, '[pool.web\n');
    expect(await rig.spawnHfmd().ended).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/hfm\.toml:1: /),
    });
    const missing = await run(HFMD, ['-f', rig.path('nonesuch.toml')]).ended;
    expect(missing.code).toBe(1);
    expect(missing.stderr).toContain('nonesuch.toml');
    expect((await run(HFMD, ['-n', '-f', rig.folder]).ended).code).toBe(1);
  });

  test('prints version and help', async () => {
    expect(await run(HFMD, ['-V']).ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^hfmd \d+\.\d+\.\d+\n$/),
    });
    expect(await run(HFMD, ['-h']).ended).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^usage: hfmd \[-dnVv\] \[-f file\]\n/),
    });
  });

  test.for([['-x'], ['--nonesuch'], ['-f'], ['start'], ['-n', 'hfm.toml']])(
    'exits 64 with its usage at %s',
    async (args) => {
      expect(await run(HFMD, args).ended).toMatchObject({
        code: 64,
        stdout: '',
        stderr: expect.stringMatching(/^hfmd: .*\nusage: hfmd /),
      });
    },
  );

  test('-d logs lines for people, -v logs every probe', async (context) => {
    const rig = openRig(context);
    const lb1 = await rig.backend('lb1');
    rig.write(`[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}`);
    rig.pf.setTable('web', []);
    const hfmd = await rig.start('-d', '-v');
    await eventually(() =>
      expect(hfmd.stdout).toMatch(
        /^\d\d:\d\d:\d\d\.\d{3} info +web <web>: added 10\.2\.1\.1 in \d+ ms/m,
      ),
    );
    await eventually(() => expect(hfmd.stdout).toMatch(/^\d\d:\d\d:\d\d\.\d{3} debug .*lb1/m));
  });

  test('logs each event as one line of text for syslog, or as JSON with log_format = "json"', async (context) => {
    const rig = openRig(context);
    const lb1 = await rig.backend('lb1');
    const body = `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${memberByMode('lb2', '10.2.1.2')}`;
    rig.write(body, { daemon: { log_format: 'text' } });
    rig.pf.setTable('web', []);
    const hfmd = await rig.start();
    await eventually(() =>
      expect(hfmd.stdout).toMatch(/^web <web>: added .*10\.2\.1\.1.* in \d+ ms$/m),
    );
    await lb1.set('unavailable');
    await eventually(() =>
      expect(hfmd.stdout).toMatch(/^warning: lb1: up -> down \(http-status, 2 of 2/m),
    );
    rig.write(body, { daemon: { log_format: 'json' } });
    await rig.ctlOk('reload');
    const lines = await eventually(() => {
      const all = hfmd.stdout.trimEnd().split('\n');
      expect(all.some((line) => line.includes('"event":"reload"'))).toBe(true);
      return all;
    });
    const firstJson = lines.findIndex((line) => line.startsWith('{'));
    expect(JSON.parse(lines[firstJson] ?? '')).toMatchObject({ level: 'info', event: 'reload' });
    expect(lines[0]).toMatch(/^hfmd started: version /);
    for (const line of lines.slice(0, firstJson)) expect(line).toMatch(/^(warning: |error: )?\w/);
  });

  test('logs a bug of its own in one line, and exits 1', async (context) => {
    const rig = openRig(context);
    rig.write(WEB, { daemon: { log_format: 'text' } });
    rig.pf.setTable('web', []);
    const bug = 'process.on("SIGWINCH", () => { throw new Error("first\\nsecond") })';
    const hfmd = await rig.startWith({
      env: { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(bug)}` },
    });
    hfmd.kill('SIGWINCH');
    const { code, stdout, stderr } = await hfmd.ended;
    expect([code, stderr]).toEqual([1, '']);
    // hfmd may log other lines before it ends.
    const errors = stdout.split('\n').filter((line) => line.startsWith('error: '));
    expect(errors).toEqual([
      expect.stringMatching(/^error: hfmd ends, by a bug of its own: Error: first second at /),
    ]);
  });

  test('status says loudly that the tables are in memory only', async (context) => {
    const rig = openRig(context);
    const lb1 = await rig.backend('lb1');
    rig.write(`[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}`, {
      pf: { driver: 'memory' },
    });
    expect(await rig.spawnHfmd('-n').ended).toMatchObject({ code: 0, stderr: '' });
    await rig.start();
    await eventually(async () =>
      expect((await rig.ctl('tables')).stdout).toMatch(/10\.2\.1\.1 +in +in/),
    );
    expect((await rig.ctl('status')).stdout).toMatch(/^DRIVER IS "memory"/m);
    expect(rig.pf.calls()).toEqual([]);
  });
});
