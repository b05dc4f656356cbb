import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { StampedEvent } from '../events/event.ts';
import { eventJson } from '../protocol/event-json.ts';
import type { Log } from '../sys/log.ts';
import { readBody, sendJson, sendLongJson } from './http-json.ts';
import { type RouteDeps, refuse } from './route.ts';
import { ROUTES } from './routes.ts';

/** A client has this long to send its request, and to read a part of the answer. */
const REQUEST_TIMEOUT_MS = 5000;
const IDLE_TIMEOUT_MS = 10_000;
/** Each takes a descriptor. Some systems give a process 128, and the probes need most of them. */
const MAX_CONNECTIONS = 64;
/** The connection of a follower of events that does not read is closed when this much waits for it. */
const MAX_WAITING_BYTES = 1024 * 1024;

export interface ControlDeps {
  readonly log: Log;
  /** Null as long as hfmd is starting: the socket is bound first, so that only one hfmd runs. */
  readonly routeDeps: () => RouteDeps | null;
}

/** Serves the protocol; `openSocket` binds it. */
export function createControlServer(deps: ControlDeps): Server {
  const answered = new WeakMap<Socket, Promise<void>>();
  const server = createServer(
    {
      headersTimeout: REQUEST_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: REQUEST_TIMEOUT_MS,
    },
    (request, response) => {
      const { socket } = request;
      const before = answered.get(socket) ?? Promise.resolve();
      answered.set(
        socket,
        before.then(() => answer(deps, request, response)),
      );
    },
  );
  boundConnections(server);
  server.setTimeout(IDLE_TIMEOUT_MS);
  return server;
}

/**
 * Resolves when the client has read the answer, or is gone: the requests of one connection run one
 * after another.
 */
async function answer(
  deps: ControlDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (response.destroyed) return;
  const closed = new Promise<void>((resolve) => response.once('close', resolve));
  try {
    await handle(deps, request, response);
  } catch (error) {
    // The client is gone: there is nothing to answer or to log.
    if (request.destroyed && !response.headersSent) return;
    deps.log.error({ error: String(error) }, 'control request failed');
    if (!response.headersSent) sendJson(response, 500, { error: 'internal error' });
    else response.destroy();
  }
  await closed;
}

/** Closes the oldest connection when there are too many, so that the operator always gets in. */
function boundConnections(server: Server): void {
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    const [first] = open;
    if (open.size > MAX_CONNECTIONS) first?.destroy();
  });
}

const BASE = 'http://hfmd';
const EVENTS = 'GET /v1/events';

async function handle(
  { routeDeps }: ControlDeps,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const deps = routeDeps();
  if (deps === null) {
    sendJson(response, 503, { error: 'hfmd is starting' });
    return;
  }
  const target = request.url ?? '/';
  // A target such as `//` is no URL.
  const url = URL.canParse(target, BASE) ? new URL(target, BASE) : new URL(BASE);
  const key = `${request.method} ${url.pathname}`;
  if (key === EVENTS) {
    serveEvents(deps, url.searchParams.has('follow'), request.socket, response);
    return;
  }
  const route = ROUTES[key];
  if (route === undefined) {
    const paths = [...Object.keys(ROUTES), EVENTS];
    const known = paths.some((one) => one.endsWith(` ${url.pathname}`));
    const { status, json } = known
      ? refuse(405, `${request.method} is not for ${url.pathname}`)
      : refuse(404, `no such resource: ${url.pathname}`);
    sendJson(response, status, json);
    return;
  }
  const body = await readBody(request);
  if (!body.ok) {
    response.shouldKeepAlive = false;
    // What is still on its way from the client is never read; the connection ends with the answer.
    response.on('finish', () => request.socket.destroySoon());
    sendJson(response, body.status, { error: body.error });
    return;
  }
  // Only the client's own silence counts, not the time that an answer takes to make.
  request.socket.setTimeout(0);
  const { status, json } = await route(deps, { query: url.searchParams, body: body.body });
  request.socket.setTimeout(IDLE_TIMEOUT_MS);
  await sendLongJson(response, status, json, deps.slices);
}

/** One JSON object a line: the recent ones, and then, to a follower, each as it happens. */
function serveEvents(
  { daemon }: RouteDeps,
  follow: boolean,
  socket: Socket,
  response: ServerResponse,
): void {
  response.writeHead(200, { 'content-type': 'application/x-ndjson' });
  const write = (stamped: StampedEvent) =>
    response.write(`${JSON.stringify(eventJson(stamped))}\n`);
  for (const stamped of daemon.events.recent()) write(stamped);
  if (!follow) {
    response.end();
    return;
  }
  socket.setTimeout(0);
  const unfollow = daemon.events.follow((stamped) => {
    if (response.writableLength > MAX_WAITING_BYTES) response.destroy();
    else write(stamped);
  });
  response.on('close', unfollow);
}
