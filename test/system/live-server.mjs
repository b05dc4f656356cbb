// The HTTP servers of live-backend.ts, in a thread of their own: the tests look at the stand-in pf
// synchronously, and wait for its lock, which must not look like a backend that does not answer.
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

parentPort?.on('message', async (/** @type {import('./live-backend.ts').Order} */ order) => {
  try {
    const port = await carryOut(order);
    parentPort?.postMessage({ order: order.order, port });
  } catch (error) {
    parentPort?.postMessage({ order: order.order, error: String(error) });
  }
});

/** @param {import('./live-backend.ts').Order} order */
async function carryOut(order) {
  if (order.kind === 'open') {
    const server = openServer(order.address, order.hits);
    servers.set(order.server, server);
    return await server.listen();
  }
  await servers.get(order.server)?.set(order.mode);
  return 0;
}
