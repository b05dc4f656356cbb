import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A web server with a monitor-uri. It can die and come back on the same port. */
export interface Backend {
  readonly name: string;
  readonly port: number;
  kill(): Promise<void>;
  revive(): Promise<void>;
}

export async function startBackend(name: string): Promise<Backend> {
  let server = await listen(name, 0);
  const { port } = server.address() as AddressInfo;
  return {
    name,
    port,
    kill: () => end(server),
    async revive() {
      server = await listen(name, port);
    },
  };
}

function listen(name: string, port: number): Promise<Server> {
  const server = createServer((request, response) => {
    const isMonitor = request.url === '/haproxy_check';
    response.end(isMonitor ? 'OK\n' : `served by ${name}\n`);
  });
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
}

/** Closes the port and resets open connections, as the death of a process does. */
function end(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}
