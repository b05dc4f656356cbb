import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { expect, type TestContext, test } from 'vitest';
import { aWhile, eventually, isChange, openRig, type Rig } from '../harness.ts';

/** s1 is behind one link, s2 and s3 behind another. */
const LINKS: readonly (readonly string[])[] = [['10.66.0.11'], ['10.66.1.12', '10.66.1.13']];
const SERVERS = LINKS.flat();

test('ip(8) is installed and may make namespaces', (context) => {
  const name = `hfm-t-${process.pid}`;
  context.onTestFinished(() => void spawnSync('ip', ['netns', 'del', name]));
  ip('netns', 'add', name);
});

test('each of two nodes keeps its tables by its own probes, while links are cut and mended', async (context) => {
  const net = openNet(context);
  const nodes = [nodeIn(net, context, 1), nodeIn(net, context, 2)] as const;
  const [one, two] = nodes;
  for (const { rig, namespace } of nodes) {
    rig.write(CONFIG);
    rig.pf.setTable('web', []);
    rig.pf.setTable('sorry', []);
    await rig.startWith({ through: ['ip', 'netns', 'exec', namespace] });
  }
  for (const { rig } of nodes) await eventually(() => expect(tables(rig)).toEqual(ALL));
  two.rig.pf.clearCalls();

  // Node 1 loses its link to s1; node 2 does not.
  one.cut(0);
  await eventually(() =>
    expect(tables(one.rig)).toEqual({ web: SERVERS.slice(1), sorry: ['10.66.9.9'] }),
  );
  const { code, stdout } = await one.rig.ctl('status');
  expect(code).toBe(1);
  expect(stdout).toMatch(/^s1 .* down .*no-route/m);
  await two.rig.ctlOk('status');
  one.mend(0);
  await eventually(() => expect(tables(one.rig)).toEqual(ALL));

  // The same link, cut at its other end: no error comes, packets only vanish.
  net.cut(1, 0);
  await eventually(() =>
    expect(tables(one.rig)).toEqual({ web: SERVERS.slice(1), sorry: ['10.66.9.9'] }),
  );
  net.mend(1, 0);
  await eventually(() => expect(tables(one.rig)).toEqual(ALL));

  // Without any route the node has the problem: that is no evidence against its backends.
  one.rig.pf.clearCalls();
  one.cut(0);
  one.cut(1);
  await eventually(async () => {
    const status = await one.rig.ctl('status');
    expect(status.code).toBe(1);
    expect(status.stdout).toMatch(/^! this node: no-route: /m);
  });
  await aWhile(3000);
  expect(one.rig.pf.calls().filter(isChange)).toEqual([]);
  one.mend(0);
  one.mend(1);
  await eventually(() => one.rig.ctlOk('status'), 60_000);

  // Meanwhile node 2 changed nothing.
  expect(tables(two.rig)).toEqual(ALL);
  expect(two.rig.pf.calls().filter(isChange)).toEqual([]);

  // A failure that both see, both act on.
  net.stop('10.66.1.12');
  for (const { rig } of nodes) {
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.66.0.11', '10.66.1.13']));
  }
  net.serve('10.66.1.12');
  for (const { rig } of nodes) await eventually(() => expect(tables(rig)).toEqual(ALL));
});

/** A pool that may become empty, and a pool with a fallback. */
const CONFIG = `[pool.web]
table = "web"
min_in_service = 0
[pool.sorry]
table = "sorry"
fallback = ["10.66.9.9"]
${SERVERS.map(
  (address, i) => `[backend.s${i + 1}]
address = "${address}"
port = 8080
checks = ["http"]
pools = { web = "${address}"${i === 0 ? `, sorry = "${address}"` : ''} }
`,
).join('')}`;

const ALL = { web: SERVERS, sorry: ['10.66.0.11'] };

function tables({ pf }: Rig) {
  return { web: pf.table('web'), sorry: pf.table('sorry') };
}

interface Net {
  /** The namespace of the backends, with a bridge for each link. */
  readonly namespace: string;
  /** Ends a node's link at this side. */
  cut(node: number, link: number): void;
  mend(node: number, link: number): void;
  serve(address: string): void;
  stop(address: string): void;
}

interface Node {
  readonly rig: Rig;
  readonly namespace: string;
  cut(link: number): void;
  mend(link: number): void;
}

function openNet({ onTestFinished }: TestContext): Net {
  const namespace = `hfm-s-${process.pid}`;
  const servers = new Map<string, ChildProcess>();
  onTestFinished(() => {
    for (const child of servers.values()) child.kill('SIGKILL');
    spawnSync('ip', ['netns', 'del', namespace]);
  });
  ip('netns', 'add', namespace);
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  for (const [link, addresses] of LINKS.entries()) {
    ip('-n', namespace, 'link', 'add', `br${link}`, 'type', 'bridge');
    ip('-n', namespace, 'link', 'set', `br${link}`, 'up');
    for (const address of addresses) {
      ip('-n', namespace, 'addr', 'add', `${address}/24`, 'dev', `br${link}`);
    }
  }
  const net: Net = {
    namespace,
    cut: (node, link) => ip('-n', namespace, 'link', 'set', `n${node}l${link}`, 'down'),
    mend: (node, link) => ip('-n', namespace, 'link', 'set', `n${node}l${link}`, 'up'),
    serve(address) {
      const program = `require('node:http').createServer((_, r) => r.end('OK')).listen(8080, '${address}')`;
      const argv = ['netns', 'exec', namespace, process.execPath, '-e', program];
      servers.set(address, spawn('ip', argv, { stdio: ['ignore', 'ignore', 'inherit'] }));
    },
    stop(address) {
      servers.get(address)?.kill('SIGKILL');
    },
  };
  for (const address of SERVERS) net.serve(address);
  return net;
}

/** A firewall with links of its own to the backends. */
function nodeIn(net: Net, context: TestContext, n: number): Node {
  const namespace = `hfm-${n}-${process.pid}`;
  context.onTestFinished(() => void spawnSync('ip', ['netns', 'del', namespace]));
  ip('netns', 'add', namespace);
  ip('-n', namespace, 'link', 'set', 'lo', 'up');
  for (const link of LINKS.keys()) {
    const [near, far] = [`em${link}`, `n${n}l${link}`];
    const peer = ['peer', 'name', far, 'netns', net.namespace];
    ip('-n', namespace, 'link', 'add', near, 'type', 'veth', ...peer);
    ip('-n', namespace, 'addr', 'add', `10.66.${link}.${n}/24`, 'dev', near);
    ip('-n', namespace, 'link', 'set', near, 'up');
    ip('-n', net.namespace, 'link', 'set', far, 'master', `br${link}`);
    ip('-n', net.namespace, 'link', 'set', far, 'up');
  }
  return {
    rig: openRig(context),
    namespace,
    cut: (link) => ip('-n', namespace, 'link', 'set', `em${link}`, 'down'),
    mend: (link) => ip('-n', namespace, 'link', 'set', `em${link}`, 'up'),
  };
}

function ip(...args: string[]): void {
  const { status, stderr, error } = spawnSync('ip', args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`ip ${args.join(' ')}: ${error?.message ?? stderr}`);
}
