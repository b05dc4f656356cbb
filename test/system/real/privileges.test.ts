import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, type TestContext, test } from 'vitest';
import { loadConfig } from '../../../src/config/load.ts';
import { parseAddress } from '../../../src/core/address.ts';
import { createPfctlDriver } from '../../../src/pf/pfctl.ts';
import type { Exec } from '../../../src/process/exec.ts';
import { whereIs } from '../../checks/bench.ts';
import { HFMCTL, run } from '../harness.ts';
import {
  type Bench,
  type By,
  openElevationBench,
  recorded,
  writeRecorder,
} from './elevation-bench.ts';

/** Names that are keywords of doas.conf, and characters that have a meaning in sudoers. */
const POOLS = `[pool.web]
table = "web"
[pool.mail]
table  = "args"
anchor = "hfm/permit"
exclusive = true
[pool.odd]
table  = "a:b.c-d_e"
anchor = "hfm:x/${'y'.repeat(400)}"
kill_sources = "never"
[backend.lb1]
address = "10.2.1.11"
checks  = [{ type = "tcp", port = 80 }]
pools   = { web = "10.2.1.11", mail = "10.2.1.11", odd = "10.2.1.11" }
`;

interface Setup {
  readonly bench: Bench;
  readonly by: By;
  readonly pfctl: string;
  readonly helper: string;
  /** The commands of the driver for the configuration, without sudo or doas in front. */
  readonly allowed: readonly (readonly string[])[];
}

/** Puts the rules that `hfmctl privileges` prints for a configuration into force for _hfm. */
async function setUp(context: TestContext, by: By): Promise<Setup> {
  const bench = openElevationBench(context);
  const [pfctl, helper] = [join(bench.folder, 'pfctl'), join(bench.folder, 'pf-end')];
  for (const program of [pfctl, helper]) writeRecorder(program);
  const front = [whereIs(by), '-n'];
  const file = join(bench.folder, 'hfm.toml');
  const pf = { pfctl: [...front, pfctl], helper: [...front, helper] };
  writeFileSync(
    file,
    `[pf]\npfctl = ${JSON.stringify(pf.pfctl)}\nhelper = ${JSON.stringify(pf.helper)}\n${POOLS}`,
  );
  const printed = await run(HFMCTL, ['privileges', by, '-f', file]).ended;
  expect(printed).toMatchObject({ code: 0, stderr: '' });
  bench.setRules(by, printed.stdout);
  return { bench, by, pfctl, helper, allowed: await commandsOfDriver(file) };
}

/** Runs each operation of the driver that the configuration may need; returns the commands. */
async function commandsOfDriver(file: string): Promise<string[][]> {
  const loaded = loadConfig(file);
  const address = parseAddress('10.0.0.1');
  if (!loaded.ok || !address.ok) throw new Error('no configuration');
  const { pf, pools } = loaded.config;
  const ran = new Map<string, string[]>();
  const exec: Exec = async ({ argv }) => {
    ran.set(argv.join(' '), argv.slice(2));
    return { kind: 'exited', code: 0, stdout: '', stderr: '', durationMs: 1 };
  };
  const driver = createPfctlDriver({ exec, pfctl: pf.pfctl, helper: pf.helper, user: '_hfm' });
  for (const pool of pools) {
    await driver.show(pool);
    await driver.add(pool, [address.address]);
    await driver.remove(pool, [address.address]);
    if (pool.exclusive) await driver.replace(pool, [address.address]);
    await driver.tables(pool.anchor);
  }
  for (const ids of [false, true]) await driver.eachState(() => {}, { ids });
  await driver.eachSource(() => {});
  await driver.endState('42/ab');
  await driver.endSourcesTo('10.0.0.1');
  await driver.endSourcesOf('10.0.0.1');
  return [...ran.values()];
}

/** Whether sudo or doas would run the command. It only asks, and runs nothing. */
function isPermitted({ bench, by }: Setup, argv: readonly string[]): boolean {
  if (by === 'sudo') return bench.run(whereIs('sudo'), '-n', '-l', ...argv).code === 0;
  const { stdout } = bench.run(whereIs('doas'), '-u', 'root', '-C', '/etc/doas.conf', ...argv);
  expect(stdout).toMatch(/^(permit nopass|deny)\n$/);
  return stdout.startsWith('permit');
}

/** Commands that differ a little from those that are allowed. */
function nearMisses({ by, pfctl, helper, allowed }: Setup): string[][] {
  const ofPfctl = allowed.filter(([program]) => program === pfctl).map((argv) => argv.slice(1));
  const changed = ofPfctl.flatMap((args) => [
    ...[
      [...args, '10.0.0.1'],
      [...args, '-F', 'all'],
      [...args, ''],
      ['-q', ...args],
    ],
    ...[args.slice(0, -1), args.slice(1), [...args.slice(0, -1), `${args.at(-1)} `]],
    args.map((argument) => argument.replace('web', 'web2')),
    args.map((argument) => argument.replace('web', 'we*')),
    args.map((argument) => argument.replace('permit', 'other')),
    args.map((argument) => argument.replace('hfm:x', 'hfm,x')),
    args.map((argument) => argument.replace(/^(-T)?show$/, '$1flush')),
    args.map((argument) => argument.replace(/^(-T)?add$/, '$1load')),
    args.map((argument) => argument.replace(/^(-T)?delete$/, '$1kill')),
    args.map((argument) => argument.replace(/^(-f)?-$/, '$1/etc/pf.conf')),
    args.map((argument) => argument.toUpperCase()),
  ]);
  const others = [
    ...['', '-F all', '-F states', '-Fa', '-d', '-e', '-f -', '-f-', '-f /etc/pf.conf', '-x loud'],
    ...['-a hfm -f -', '-ahfm/permit -f-', '-k id -k 42/ab', '-K 10.0.0.1', '-K 0.0.0.0/0'],
    ...['-s rules', '-s all', '-sr', '-si', '-v -s Tables -v', '-t web -T replace -f -'],
    ...['-tweb -Treplace -f-', '-t web -T test', '-t web -T expire 0', '-tweb -Texpire 0'],
    ...['-a hfm -t web -T show', '-tweb -Tshow -ahfm', '-p /dev/null -ss', '-t args -T show'],
    by === 'sudo' ? '-t web -T show' : '-tweb -Tshow',
  ].map((line) => line.split(' ').filter((argument) => argument !== ''));
  const isAllowed = (argv: readonly string[]): boolean =>
    allowed.some((one) => one.join('\n') === argv.join('\n'));
  return [
    ...[...changed, ...others].map((args) => [pfctl, ...args]),
    ...[['-F', 'all'], [''], ['--'], ['client 10.0.0.1']].map((args) => [helper, ...args]),
    ...[['/bin/sh'], ['/bin/sh', helper], [whereIs('id')], ['/usr/sbin/pfctl', '-ss']],
    ...[
      [`${pfctl}x`, '-ss'],
      [pfctl.replace('/pfctl', '/*'), '-ss'],
    ],
  ].filter((argv) => !isAllowed(argv));
}

describe.each(['sudo', 'doas'] as const)('the rules of hfmctl privileges %s', (by) => {
  test('are valid', async (context) => {
    const setup = await setUp(context, by);
    const checked =
      by === 'sudo'
        ? setup.bench.runThrough([], whereIs('visudo'), '-c', '-f', setup.bench.rulesFile(by))
        : setup.bench.run(whereIs('doas'), '-C', '/etc/doas.conf');
    expect(checked).toMatchObject({ code: 0, stderr: '' });
  });

  test('allow each command of the driver, argument for argument and as root', async (context) => {
    const setup = await setUp(context, by);
    expect(setup.allowed.length).toBeGreaterThan(15);
    for (const argv of setup.allowed) {
      expect([argv, isPermitted(setup, argv)]).toEqual([argv, true]);
      const ran = setup.bench.run(whereIs(by), '-n', ...argv);
      expect(ran).toEqual({ code: 0, stdout: recorded(argv.slice(1)), stderr: '' });
    }
  });

  test('allow nothing else', async (context) => {
    const setup = await setUp(context, by);
    const misses = nearMisses(setup);
    expect(misses.length).toBeGreaterThan(150);
    expect(misses.filter((argv) => isPermitted(setup, argv))).toEqual([]);
    // Only a real run shows whether an empty argument, or an option of doas itself, is refused.
    const run = misses.map((argv) => ({ argv, ...setup.bench.run(whereIs(by), '-n', ...argv) }));
    expect(run.filter(({ code, stdout }) => code === 0 || stdout !== '')).toEqual([]);
    const [ss = []] = setup.allowed.filter((argv) => argv.includes('-ss'));
    expect(setup.bench.run(whereIs(by), '-n', '-u', 'daemon', ...ss).code).toBe(1);
    expect(setup.bench.runThrough(setup.bench.throughOther, whereIs(by), '-n', ...ss).code).toBe(1);
  });
});

test('sudo logs what changes a table, and not what only reads', async (context) => {
  const setup = await setUp(context, 'sudo');
  const { bench, allowed, pfctl } = setup;
  const log = join(bench.folder, 'sudo.log');
  bench.addRule('sudo', `Defaults logfile=${log}, loglinelen=0`);
  for (const argv of allowed) bench.run(whereIs('sudo'), '-n', ...argv);
  const logged = [...readFileSync(log, 'utf8').matchAll(/COMMAND=(.*)/g)].map(([, one]) => one);
  const changes = allowed.filter(
    ([program, ...args]) => program !== pfctl || args.some((one) => one === '-f-'),
  );
  expect(logged).toEqual(changes.map((argv) => argv.join(' ')));
});
