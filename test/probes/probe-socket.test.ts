import { once } from 'node:events';
import type net from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { ProbeSocket } from '../../src/probes/probe-socket.ts';
import { serveTcp, turnsOfTheLoop } from './fixtures/servers.ts';

/** A connection, and the server's end of it. */
async function connect(): Promise<{ socket: ProbeSocket; server: net.Socket }> {
  const accepted: net.Socket[] = [];
  const { port, accepts } = await serveTcp((socket) => void accepted.push(socket));
  const socket = new ProbeSocket();
  onTestFinished(() => void socket.destroy());
  socket.connect(port, '127.0.0.1');
  await Promise.all([once(socket, 'connect'), accepts(1)]);
  const [server] = accepted;
  if (server === undefined) throw new Error('nobody was accepted');
  return { socket, server };
}

/** All that can be read now, as text. */
function rest(socket: net.Socket): string {
  let text = '';
  for (let chunk = socket.read(); chunk !== null; chunk = socket.read()) text += chunk;
  return text;
}

test('bytes can be read when readable says so', async () => {
  const { socket, server } = await connect();
  let text = '';
  socket.on('readable', () => {
    text += rest(socket);
  });
  const big = 'x'.repeat(200_000);
  server.end(`${big}end`);
  await once(socket, 'end');
  expect(text).toBe(`${big}end`);
});

test('unread bytes are kept, whatever other sockets read meanwhile', async () => {
  const [one, other] = [await connect(), await connect()];
  one.server.write('one, ');
  await once(one.socket, 'readable');
  one.server.write('one again');
  await once(one.socket, 'readable');
  other.server.write('something else that is longer');
  await once(other.socket, 'readable');
  expect(rest(other.socket)).toBe('something else that is longer');
  expect(rest(one.socket)).toBe('one, one again');
});

test('the end and a reset are reported, and nothing is read after them', async () => {
  const [ended, reset] = [await connect(), await connect()];
  ended.socket.on('readable', () => rest(ended.socket));
  ended.server.end();
  await once(ended.socket, 'close');
  expect(ended.socket.read()).toBe(null);
  const error = once(reset.socket, 'error');
  reset.server.resetAndDestroy();
  expect(await error).toMatchObject([{ code: 'ECONNRESET' }]);
  await turnsOfTheLoop();
  expect(reset.socket.read()).toBe(null);
});

test('a destroyed socket reads nothing, however much comes, and is closed', async () => {
  const { socket, server } = await connect();
  let chunks = 0;
  socket.on('readable', () => {
    chunks += 1;
    socket.destroy();
    expect(socket.read()).toBe(null);
  });
  const pour = (): void => {
    while (!server.destroyed && server.write(Buffer.alloc(20_000)));
  };
  server.on('drain', pour);
  pour();
  // The server is reset, which is an error there.
  const closed = new Promise((resolve) => void server.once('close', resolve));
  await Promise.all([once(socket, 'close'), closed]);
  expect(chunks).toBe(1);
});
