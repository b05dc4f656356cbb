import { createServer, type Server, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { aWhile, eventually, openRig, type Rig } from './harness.ts';

interface Listener {
  readonly port: number;
  readonly open: ReadonlySet<Socket>;
  readonly accepted: number;
  /** As when its process dies: closes the listener, then resets its connections. */
  die(): void;
}

/** Accepts, and closes a connection that is idle for `idleMs`. */
async function listen(idleMs: number | null = null): Promise<Listener> {
  const open = new Set<Socket>();
  let accepted = 0;
  const server: Server = createServer((socket) => {
    accepted += 1;
    open.add(socket);
    socket.on('error', () => {});
    socket.on('close', () => open.delete(socket));
    socket.resume();
    if (idleMs !== null) socket.setTimeout(idleMs, () => socket.end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  return {
    port,
    open,
    get accepted() {
      return accepted;
    },
    die() {
      server.close();
      for (const socket of open) socket.resetAndDestroy();
    },
  };
}

/** With an interval so long that within a test only the watch can notice a failure. */
function watched(rig: Rig, port: number, interval: string): void {
  rig.write(`[check.tcp]
type = "tcp"
port = ${port}
watch = true
interval = "${interval}"
down_interval = "${interval}"
fast_interval = "20ms"
fall = 3
rise = 1
[pool.web]
table = "web"
min_in_service = 0
[backend.lb1]
address = "127.0.0.1"
checks = ["tcp"]
pools = { web = "10.2.1.1" }
`);
}

test('a watched backend that dies leaves its table long before its next probe', async (context) => {
  const rig = openRig(context);
  const server = await listen();
  watched(rig, server.port, '60s');
  rig.pf.setTable('web', ['10.2.1.1']);
  await rig.start();
  await eventually(async () => expect((await rig.status()).engine.watching).toBe(1));
  expect((await rig.ctl('explain', 'lb1')).stdout).toContain('an idle connection is open');
  await eventually(() => expect(server.open.size).toBe(1));
  server.die();
  await eventually(() => expect(rig.pf.table('web')).toEqual([]));
  const events = (await rig.ctl('explain', 'lb1', '--json')).stdout;
  const { checks } = JSON.parse(events) as { checks: { history: { verdict: string }[] }[] };
  const verdicts = checks[0]?.history.map(({ verdict }) => verdict);
  // The end of the connection is no verdict: it starts three probes.
  expect(verdicts?.slice(-3)).toEqual(['fail', 'fail', 'fail']);
});

test('a server that closes idle connections is not marked down, and gets few connections', async (context) => {
  const rig = openRig(context);
  const server = await listen(150);
  watched(rig, server.port, '500ms');
  rig.pf.setTable('web', ['10.2.1.1']);
  const hfmd = await rig.start();
  await eventually(() => expect(server.accepted).toBeGreaterThan(2));
  await aWhile(3000);
  const { engine, backends } = await rig.status();
  expect(backends[0]).toMatchObject({ health: 'up' });
  expect(hfmd.log.filter(({ to }) => to === 'down')).toEqual([]);
  // One probe each half second, one idle connection and the probes after its end.
  expect(server.accepted).toBeLessThan(15);
  expect(engine.watching).toBe(0);
  expect(rig.pf.table('web')).toEqual(['10.2.1.1']);
  server.die();
});
