import { describe, expect, type TestContext, test } from 'vitest';
import { whereIs } from '../../checks/bench.ts';
import { copyHelper } from '../../libexec/pf-end-cases.ts';
import {
  eventually,
  HFMCTL,
  HFMD,
  type Hfmd,
  inSync,
  memberByMode,
  openRig,
  type Rig,
  run,
} from '../harness.ts';
import { type Bench, type By, openElevationBench } from './elevation-bench.ts';

const MEMBERS = `${memberByMode('lb1', '10.2.1.1')}${memberByMode('lb2', '10.2.1.2')}`;
const CONFIG = `[pool.web]
table = "web"
anchor = "hfm"
kill_states = "maint"
${MEMBERS}`;
const IN_HFM = { anchor: 'hfm' };

const TO_LB1 = [
  {
    direction: 'in',
    client: '198.51.100.7:5001',
    vip: '192.0.2.1:80',
    backend: '10.2.1.1:8080',
  },
  { direction: 'out', client: '198.51.100.7:5001', backend: '10.2.1.1:8080' },
] as const;
const STICKY = [
  { client: '198.51.100.7', backend: '10.2.1.1' },
  { client: '2001:db8::7', backend: '10.2.1.1' },
  { client: '203.0.113.1', backend: '10.2.1.2' },
];

interface Node {
  readonly rig: Rig;
  readonly bench: Bench;
  /** The rules that the configuration needs. */
  readonly rules: string;
  start(): Promise<Hfmd>;
}

/** hfmd as _hfm, with sudo or doas in front of a stand-in pfctl and of the helper. */
async function openNode(context: TestContext, by: By, os: 'openbsd' | 'freebsd'): Promise<Node> {
  const bench = openElevationBench(context);
  const rig = openRig(context, { os });
  const front = [whereIs(by), '-n'];
  const helper = [...front, copyHelper(rig.folder, rig.pf.command)];
  rig.write(CONFIG, {
    daemon: { socket_group: 64_210 },
    pf: { pfctl: [...front, rig.pf.command], helper },
  });
  rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2'], IN_HFM);
  rig.pf.setReferences(['web'], IN_HFM);
  bench.give(rig.folder);
  const argv = ['privileges', by, '-f', rig.configFile];
  const printed = await run(HFMCTL, argv).ended;
  expect(printed).toMatchObject({ code: 0, stderr: '' });
  const start = () => rig.startWith({ through: bench.through });
  return { rig, bench, rules: printed.stdout, start };
}

describe.each([
  ['sudo', 'freebsd'],
  ['doas', 'openbsd'],
] as const)('hfmd as _hfm with %s, on %s', (by, os) => {
  test('drains, ends states and source nodes, and nothing is refused', async (context) => {
    const { rig, bench, rules, start } = await openNode(context, by, os);
    bench.setRules(by, rules);
    rig.pf.setSources(STICKY);
    rig.pf.setStates(TO_LB1);
    const hfmd = await start();
    await inSync(rig);
    await rig.ctl('maint', 'lb1');
    await eventually(() => expect(rig.pf.table('web', IN_HFM)).toEqual(['10.2.1.2']));
    await eventually(() => expect(rig.pf.sources()).toMatchObject(STICKY.slice(2)));
    await eventually(() => expect(rig.pf.states()).toEqual([]));
    await eventually(async () =>
      expect((await rig.status()).pools[0]?.ended).toEqual({ sources: 2, states: 2 }),
    );

    await rig.ctl('ready', 'lb1');
    await eventually(() => expect(rig.pf.table('web', IN_HFM)).toHaveLength(2));
    await inSync(rig);
    rig.pf.setStates(TO_LB1);
    await rig.ctlOk('drain', 'lb1');
    await eventually(() => expect(rig.pf.table('web', IN_HFM)).toEqual(['10.2.1.2']));
    await inSync(rig);
    const drain = await rig.ctl('drain', 'lb1', '--wait', '--timeout', '1s', '--kill');
    expect(drain).toMatchObject({
      code: 0,
      stdout: expect.stringContaining('lb1: ended 2 states'),
    });
    expect(rig.pf.states()).toEqual([]);

    const { warnings, problems } = await rig.status();
    expect([warnings, problems.filter((one) => !one.startsWith('this node: stalled'))]).toEqual([
      [],
      [],
    ]);
    expect(hfmd.log.filter(({ event }) => event === 'table-error')).toEqual([]);
  });

  test('names the missing rules, one after the other, until all are there', async (context) => {
    const { rig, bench, rules, start } = await openNode(context, by, os);
    bench.setRules(by, '# none yet\n');
    rig.pf.setSources(STICKY);
    const hfmd = await start();
    const added: string[] = [];
    const addMissing = async (): Promise<void> => {
      const { pools, warnings } = await rig.status();
      for (const text of [pools[0]?.error, ...warnings]) {
        const rule = /it takes this rule in [a-z.]+: (.*) \("hfmctl privileges/.exec(
          text ?? '',
        )?.[1];
        if (rule === undefined || added.includes(rule)) continue;
        bench.addRule(by, rule);
        added.push(rule);
        // hfmd repeats the audit and the cleanup after a removal rarely; a reload repeats them now.
        await rig.ctl('reload');
      }
    };
    await rig.ctl('drain', 'lb1');
    await eventually(async () => {
      await addMissing();
      expect(rig.pf.table('web', IN_HFM)).toEqual(['10.2.1.2']);
      expect((await rig.status()).pools[0]?.in_sync).toBe(true);
    });
    await rig.ctl('ready', 'lb1');
    await eventually(async () => {
      await addMissing();
      expect(rig.pf.table('web', IN_HFM)).toEqual(['10.2.1.1', '10.2.1.2']);
    });
    // The rules for show, delete, add and the audit's listing. The others were not needed here.
    expect(added.length).toBeGreaterThanOrEqual(4);
    const isPrinted = (rule: string): boolean =>
      by === 'doas'
        ? rules.includes(`${rule}\n`)
        : rules.includes(rule.replace('_hfm ALL = (root) NOPASSWD: ', '    '));
    expect(added.filter((rule) => !isPrinted(rule))).toEqual([]);
    const errors = hfmd.log.filter(({ event }) => event === 'table-error');
    expect(errors.length).toBeGreaterThanOrEqual(3);
    expect(errors[0]?.msg).toContain('-T');
  });

  test('hfmd -n names the missing rule too', async (context) => {
    const { rig, bench } = await openNode(context, by, os);
    bench.setRules(by, '# none yet\n');
    const [program = '', ...args] = [...bench.through, process.execPath, HFMD];
    const { code, stderr } = bench.runThrough([program], ...args, '-n', '-f', rig.configFile);
    expect(code).toBe(0);
    expect(stderr).toMatch(/^warning: pf can't be read, .* it takes this rule in .*Tables/m);
  });
});
