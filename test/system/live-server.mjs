// The HTTP servers of live-backend.ts, in a thread of their own. The tests read the stand-in pf
// synchronously and wait for its lock. Meanwhile the backends must answer.
import { createServer } from 'node:http';
import { parentPort } from 'node:worker_threads';

/** @typedef {import('./live-backend.ts').Mode} Mode */

/** @param {string} address @param {Int32Array} hits */
function openServer(address, hits) {
  /** @type {Mode} */
  let mode = 'ok';
  let port = 0;
  /** @type {Set<import('node:net').Socket>} */
  const sockets = new Set();

  const server = createServer((_, response) => {
    Atomics.add(hits, 0, 1);
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

  /** @returns {Promise<number>} */
  const listen = () =>
    new Promise((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, address, () => {
        server.off('error', reject);
        port = /** @type {import('node:net').AddressInfo} */ (server.address()).port;
        resolve(port);
      });
    });
  /** @returns {Promise<void>} */
  const close = () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      for (const socket of sockets) socket.destroy();
    });

  return {
    listen,
    /** @param {Mode} next */
    async set(next) {
      if (next === mode) return;
      if (next === 'closed') await close();
      else if (mode === 'closed') await listen();
      mode = next;
      for (const socket of sockets) socket.destroy();
    },
  };
}

/** @type {Map<number, ReturnType<typeof openServer>>} */
const servers = new Map();

parentPort?.on('message', async (/** @type {import('./live-backend.ts').Request} */ message) => {
  const { request } = message;
  try {
    const port = await carryOut(message);
    parentPort?.postMessage({ request, port });
  } catch (error) {
    parentPort?.postMessage({ request, error: String(error) });
  }
});

/** @param {import('./live-backend.ts').Request} request */
async function carryOut(request) {
  if (request.kind === 'open') {
    const server = openServer(request.address, request.hits);
    servers.set(request.server, server);
    return await server.listen();
  }
  await servers.get(request.server)?.set(request.mode);
  return 0;
}
