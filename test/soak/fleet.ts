import { createServer, type Server, type Socket } from 'node:net';

/** How a backend can behave, and whether it is up for each kind of check. */
export const BEHAVIOURS = {
  healthy: { status: true, body: true, banner: true },
  /** The port is closed. */
  dead: { status: false, body: false, banner: false },
  /** Accepts and sends nothing. */
  hangs: { status: false, body: false, banner: false },
  resets: { status: false, body: false, banner: false },
  /** Answers after half the timeout. */
  slow: { status: true, body: true, banner: true },
  garbage: { status: false, body: false, banner: false },
  /** Good headers, and a body that never ends. */
  forever: { status: true, body: false, banner: false },
} as const;

export type Behaviour = keyof typeof BEHAVIOURS;
export type CheckKind = 'status' | 'body' | 'banner';

export const TIMEOUT_MS = 500;

/** A backend whose behaviour the test can change at any time. */
export interface FleetBackend {
  readonly kind: CheckKind;
  readonly port: number;
  behave(behaviour: Behaviour): Promise<void>;
  close(): Promise<void>;
}

export async function openFleetBackend(kind: CheckKind): Promise<FleetBackend> {
  let behaviour: Behaviour = 'healthy';
  const sockets = new Set<Socket>();
  const onConnection = (socket: Socket): void => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    // hfmd resets the connection when a probe meets its deadline.
    socket.on('error', () => socket.destroy());
    serve(socket, kind, behaviour);
  };
  let server = await listen(0, onConnection);
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const shut = (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    return new Promise((resolve) => server.close(() => resolve()));
  };
  return {
    kind,
    port,
    async behave(next) {
      if (next === behaviour) return;
      if (next === 'dead') await shut();
      else if (behaviour === 'dead') server = await listen(port, onConnection);
      behaviour = next;
    },
    close: () => (behaviour === 'dead' ? Promise.resolve() : shut()),
  };
}

function serve(socket: Socket, kind: CheckKind, behaviour: Behaviour): void {
  switch (behaviour) {
    case 'dead':
    case 'resets':
      socket.resetAndDestroy();
      return;
    case 'hangs':
      socket.resume();
      return;
    case 'garbage':
      socket.end('\0\x01\x02 this is not what you asked for\r\n');
      return;
    case 'healthy':
    case 'slow': {
      const timer = setTimeout(
        () => answer(socket, kind),
        behaviour === 'slow' ? TIMEOUT_MS / 2 : 0,
      );
      socket.on('close', () => clearTimeout(timer));
      socket.resume();
      return;
    }
    case 'forever': {
      socket.write('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n');
      const timer = setInterval(() => socket.write('4\r\nmore\r\n'), 20);
      socket.on('close', () => clearInterval(timer));
      socket.resume();
      return;
    }
  }
}

function answer(socket: Socket, kind: CheckKind): void {
  if (kind === 'banner') socket.end('220 READY\r\n');
  else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 3\r\nconnection: close\r\n\r\nOK\n');
}

function listen(port: number, onConnection: (socket: Socket) => void): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ noDelay: true }, onConnection);
    server.once('error', reject);
    server.listen(port, '127.0.0.1', 1024, () => resolve(server));
  });
}
