import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { existsSync, writeFileSync } from 'node:fs';
import { createServer, get } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, type TestContext, test } from 'vitest';
import { eventually, inSync, openRig, problemsOf, type Rig } from '../harness.ts';

const PORT = 8080;
/** The addresses of two haproxies. The table holds them too: clients connect to the same address. */
const ADDRESSES = ['127.77.1.1', '127.77.1.2'];

test('HAProxy is installed', () => {
  expect(spawnSync('haproxy', ['-v'], { encoding: 'utf8' }).stdout).toMatch(/^HAProxy version/);
});

test('two haproxies are reloaded one after the other and no request is lost', async (context) => {
  const rig = openRig(context);
  const [lb1, lb2] = await balancers(rig, context);
  rig.pf.setTable('web', []);
  await rig.start();
  await eventually(() => expect(rig.pf.table('web')).toEqual(ADDRESSES));
  const clients = startClients(rig, context);

  for (const lb of [lb1, lb2]) {
    const before = lb.pid();
    const served = clients.servedBy(lb.address);
    // hfmd relies only on what it has read: before, it would refuse to drain the only other member.
    await inSync(rig);
    await rig.ctlOk('drain', lb.name, '--wait');
    expect(rig.pf.table('web')).toEqual(ADDRESSES.filter((one) => one !== lb.address));
    // While it is out it gets no new connections, so a restart breaks none.
    await clients.quiet(lb.address);
    await lb.restart();
    expect(lb.pid()).not.toBe(before);
    await rig.ctlOk('ready', lb.name);
    await eventually(() => expect(rig.pf.table('web')).toEqual(ADDRESSES));
    await eventually(() => expect(clients.servedBy(lb.address)).toBeGreaterThan(served + 5));
  }
  const { failures, total } = await clients.stop();
  expect(failures).toEqual([]);
  expect(total).toBeGreaterThan(50);
  await eventually(async () => expect(await problemsOf(rig)).toEqual([]));
});

test('the dummy server takes a haproxy out and puts it back, over the admin socket', async (context) => {
  const rig = openRig(context);
  const [lb1] = await balancers(rig, context);
  rig.pf.setTable('web', []);
  const hfmd = await rig.start();
  await eventually(() => expect(rig.pf.table('web')).toEqual(ADDRESSES));
  const clients = startClients(rig, context);

  await lb1.command('disable server signal-down/dummy');
  await eventually(() => expect(rig.pf.table('web')).toEqual(ADDRESSES.slice(1)));
  expect((await rig.status()).backends[0]?.checks[0]?.last).toMatchObject({
    reason: 'http-status',
    detail: 'HTTP 503, expected 200-299',
  });
  await clients.quiet(lb1.address);
  await lb1.restart();
  // After the restart its dummy server is up, and hfmd puts it back in by itself.
  await eventually(() => expect(rig.pf.table('web')).toEqual(ADDRESSES));
  await sleep(500);
  expect((await clients.stop()).failures).toEqual([]);
  expect(hfmd.log.filter(({ event, to }) => event === 'health' && to === 'down')).toHaveLength(1);
});

test('a haproxy that is killed leaves the table, and returns when it is started again', async (context) => {
  const rig = openRig(context);
  const [lb1] = await balancers(rig, context);
  rig.pf.setTable('web', []);
  await rig.start();
  await eventually(() => expect(rig.pf.table('web')).toEqual(ADDRESSES));
  await lb1.kill();
  await eventually(() => expect(rig.pf.table('web')).toEqual(ADDRESSES.slice(1)));
  expect((await rig.status()).backends[0]?.checks[0]?.last?.reason).toBe('connect-refused');
  await lb1.start();
  await eventually(() => expect(rig.pf.table('web')).toEqual(ADDRESSES));
});

interface Balancer {
  readonly name: string;
  readonly address: string;
  pid(): number;
  start(): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  /** Sends a command to its admin socket; returns the answer. */
  command(line: string): Promise<string>;
}

/** Two haproxies before one web server, and an hfm.toml that watches their monitor-uri. */
async function balancers(rig: Rig, context: TestContext): Promise<[Balancer, Balancer]> {
  const web = createServer((_, response) => response.end('hello'));
  await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
  context.onTestFinished(() => void web.close());
  const { port } = web.address() as AddressInfo;
  const open = (n: number): Balancer =>
    balancer(rig, context, `lb${n}`, ADDRESSES[n - 1] ?? '', port);
  const both: [Balancer, Balancer] = [open(1), open(2)];
  for (const lb of both) await lb.start();
  rig.write(`[check.haproxy]
type = "http"
url = "http://{address}:${PORT}/haproxy_check"
[pool.web]
table = "web"
${both.map(({ name, address }) => memberOf(name, address)).join('')}`);
  return both;
}

function memberOf(name: string, address: string): string {
  return `[backend.${name}]\naddress = "${address}"\nchecks = ["haproxy"]\npools = { web = "${address}" }\n`;
}

function balancer(
  rig: Rig,
  context: TestContext,
  name: string,
  address: string,
  webPort: number,
): Balancer {
  const file = rig.path(`${name}.cfg`);
  const socket = rig.path(`${name}.sock`);
  writeFileSync(
    file,
    `global
  stats socket ${socket} mode 600 level admin
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
frontend www
  bind ${address}:${PORT}
  monitor-uri /haproxy_check
  monitor fail if { nbsrv(signal-down) lt 1 }
  default_backend web
backend web
  server web1 127.0.0.1:${webPort}
backend signal-down
  server dummy 127.0.0.1:${webPort}
`,
  );
  let child: ChildProcess | null = null;
  const kill = async (): Promise<void> => {
    if (child === null || child.exitCode !== null) return;
    const ended = new Promise((resolve) => child?.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
    child = null;
  };
  context.onTestFinished(kill);
  const lb: Balancer = {
    name,
    address,
    pid: () => child?.pid ?? -1,
    kill,
    async start() {
      child = spawn('haproxy', ['-db', '-f', file], { stdio: ['ignore', 'ignore', 'inherit'] });
      await eventually(async () => {
        expect(existsSync(socket)).toBe(true);
        expect((await fetchOnce(address, '/haproxy_check')).status).toBe(200);
      });
    },
    async restart() {
      await kill();
      await lb.start();
    },
    command: (line) =>
      new Promise((resolve, reject) => {
        let answer = '';
        const connection = connect(socket, () => connection.write(`${line}\n`));
        connection.setEncoding('utf8').on('data', (chunk) => {
          answer += chunk;
        });
        connection.on('end', () => resolve(answer));
        connection.on('error', reject);
      }),
  };
  return lb;
}

interface Clients {
  servedBy(address: string): number;
  /** Waits until nothing is in flight to an address. */
  quiet(address: string): Promise<void>;
  stop(): Promise<{ readonly failures: readonly string[]; readonly total: number }>;
}

/** Clients behind pf: each new connection goes to the next address that the table holds now. */
function startClients(rig: Rig, { onTestFinished }: TestContext): Clients {
  const served = new Map<string, number>();
  const inFlight = new Map<string, number>();
  const failures: string[] = [];
  let isRunning = true;
  let total = 0;
  const loop = async (): Promise<void> => {
    while (isRunning) {
      const members = rig.pf.table('web') ?? [];
      const address = members[total % Math.max(1, members.length)];
      total += 1;
      if (address === undefined) failures.push('the table is empty');
      else {
        inFlight.set(address, (inFlight.get(address) ?? 0) + 1);
        try {
          const { status, text } = await fetchOnce(address, '/');
          if (status !== 200 || text !== 'hello') failures.push(`${address}: ${status} ${text}`);
          served.set(address, (served.get(address) ?? 0) + 1);
        } catch (error) {
          failures.push(`${address}: ${String(error)}`);
        }
        inFlight.set(address, (inFlight.get(address) ?? 0) - 1);
      }
      await sleep(20);
    }
  };
  const loops = [loop(), loop(), loop()];
  const stop = async (): Promise<void> => {
    isRunning = false;
    await Promise.all(loops);
  };
  onTestFinished(stop);
  return {
    servedBy: (address) => served.get(address) ?? 0,
    quiet: (address) => eventually(() => expect(inFlight.get(address) ?? 0).toBe(0)),
    async stop() {
      await stop();
      return { failures, total };
    },
  };
}

function fetchOnce(address: string, path: string): Promise<{ status: number; text: string }> {
  return new Promise((resolve, reject) => {
    const outgoing = get(
      { host: address, port: PORT, path, agent: false, timeout: 5000 },
      (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk) => {
          text += chunk;
        });
        response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
        response.on('error', reject);
      },
    );
    outgoing.on('timeout', () => outgoing.destroy(new Error('no answer in 5 s')));
    outgoing.on('error', reject);
  });
}
