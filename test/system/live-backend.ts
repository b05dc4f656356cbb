import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';

/** How a backend answers its monitor-uri, if at all. */
type Mode = 'ok' | 'unavailable' | 'gone' | 'hang' | 'reset' | 'closed';

/** An HTTP server of the test's own, on a loopback address of its own. */
export interface LiveBackend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** Requests that were answered or left hanging, by `performance.now()`. */
  readonly hits: readonly number[];
  set(mode: Mode): Promise<void>;
  close(): Promise<void>;
  /** Its `[backend.NAME]`, with `check.http` and further lines. */
  toml(pools: Readonly<Record<string, string | readonly string[]>>, more?: string): string;
}

let opened = 0;

export async function openBackend(name: string, family: 4 | 6): Promise<LiveBackend> {
  opened += 1;
  // Of this process alone, so that nobody takes the port while the backend is closed.
  const { pid } = process;
  const own = `127.${64 + (pid % 64)}.${(pid >> 6) % 256}.${1 + (opened % 254)}`;
  const address = family === 4 ? own : '::1';
  let mode: Mode = 'ok';
  let port = 0;
  const hits: number[] = [];
  const sockets = new Set<Socket>();

  const server: Server = createServer((_, response) => {
    hits.push(performance.now());
    if (mode === 'hang') return;
    const ok = mode === 'ok';
    const status = ok ? 200 : mode === 'gone' ? 404 : 503;
    response.writeHead(status, { connection: 'close' }).end(ok ? 'OK\n' : 'DOWN\n');
  });
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    if (mode === 'reset') socket.resetAndDestroy();
  });
  const listen = (): Promise<void> =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, () => {
        server.off('error', reject);
        port = (server.address() as AddressInfo).port;
        resolve();
      });
    });
  const close = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });

  await listen();
  return {
    name,
    address,
    get port() {
      return port;
    },
    hits,
    async set(next) {
      if (next === mode) return;
      if (next === 'closed') await close();
      else if (mode === 'closed') await listen();
      mode = next;
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      if (mode !== 'closed') await close();
      mode = 'closed';
    },
    toml(pools, more = '') {
      const members = Object.entries(pools).map(
        ([pool, addresses]) => `${pool} = ${JSON.stringify(addresses)}`,
      );
      return `[backend.${name}]
address = "${address}"
port = ${port}
checks = ["http"]
pools = { ${members.join(', ')} }
${more}
`;
    },
  };
}
