import { writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { createInterface } from 'node:readline';

/**
 * Does the same as server.c, which describes the commands, on machines without a C compiler. It takes
 * several times as much CPU time. The bench does not count that time, but hfmd can't use it.
 */

interface Connection {
  readonly socket: Socket;
  readonly listener: string;
  readonly address: string;
  readonly acceptedNs: bigint;
  request: string;
  answers: number;
  isHeld: boolean;
}

const PAGE = '<html><body><h1>200 OK</h1>\nService ready.\n</body></html>\n';

const listeners = new Map<string, Server>();
const connections = new Set<Connection>();
const statuses = new Map<string, number>();
const reportsNext = new Set<string>();
let everyStatus = 200;
let accepted = 0;
let answered = 0;
let hold: { readonly count: number; readonly status: number; missed: number } | null = null;
let records: Buffer[] | null = null;
let kept: Buffer = Buffer.alloc(0);

createInterface({ input: process.stdin })
  .on('line', (line) => void carryOut(line))
  .on('close', () => process.exit(0));

async function carryOut(line: string): Promise<void> {
  try {
    print(await answerTo(line.split(' ')));
  } catch (error) {
    print(`error ${(error as Error).message}`);
  }
}

async function answerTo([command, ...args]: readonly string[]): Promise<string> {
  const [first = '', second] = args;
  switch (command) {
    case 'listen':
      await listen(first, Number(second));
      return 'ok';
    case 'close':
      return close(first);
    case 'stats':
      return `stats ${accepted} ${answered} ${connections.size}`;
    case 'answer':
      statuses.set(first, Number(second));
      reportsNext.add(first);
      return 'ok';
    case 'hold':
      hold = { count: Number(first), status: Number(second), missed: 0 };
      return 'ok';
    case 'record':
      if (first === 'on') records = [];
      else {
        kept = Buffer.concat(records ?? []);
        records = null;
      }
      return 'ok';
    case 'dump':
      writeFileSync(first, kept);
      return `dumped ${kept.length}`;
    default:
      throw new Error('unknown command');
  }
}

function listen(address: string, port: number): Promise<void> {
  const server = createServer({ noDelay: true }, (socket) => serve(socket, address));
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, 4096, () => {
      listeners.set(address, server);
      resolve();
    });
  });
}

function close(address: string): string {
  const server = listeners.get(address);
  if (server === undefined) throw new Error('no such listener');
  const closedNs = process.hrtime.bigint();
  server.close();
  listeners.delete(address);
  for (const { socket, listener } of connections) {
    if (listener === address) socket.resetAndDestroy();
  }
  return `closed ${address} ${closedNs}`;
}

function serve(socket: Socket, listener: string): void {
  const connection: Connection = {
    socket,
    listener,
    address: socket.localAddress ?? listener,
    acceptedNs: process.hrtime.bigint(),
    request: '',
    answers: 0,
    isHeld: false,
  };
  accepted += 1;
  connections.add(connection);
  socket.setEncoding('latin1').on('data', (text: string) => {
    connection.request += text;
    if (connection.request.includes('\r\n\r\n')) requested(connection);
  });
  socket.on('error', () => {
    // ECONNRESET: a TCP check ends with a reset.
  });
  socket.on('close', () => {
    connections.delete(connection);
    records?.push(recordOf(connection));
    if (connection.isHeld && hold !== null) hold.missed += 1;
  });
}

function requested(connection: Connection): void {
  if (hold === null) {
    answer(connection, statuses.get(connection.address) ?? everyStatus);
    return;
  }
  connection.isHeld = true;
  const held = [...connections].filter(({ isHeld }) => isHeld);
  if (held.length < hold.count) return;
  const { status, missed } = hold;
  hold = null;
  const startNs = process.hrtime.bigint();
  everyStatus = status;
  statuses.clear();
  for (const one of held) {
    one.isHeld = false;
    answer(one, status);
  }
  print(`released ${held.length} ${startNs} ${missed}`);
}

function answer(connection: Connection, status: number): void {
  const { socket, address, request } = connection;
  const isLast = /\r\nconnection: close/i.test(request);
  connection.request = '';
  connection.answers += 1;
  answered += 1;
  if (reportsNext.delete(address))
    print(`answered ${address} ${status} ${process.hrtime.bigint()}`);
  const reason = status === 200 ? 'OK' : 'Service Unavailable';
  const head = `HTTP/1.1 ${status} ${reason}\r\ncontent-length: ${PAGE.length}\r\ncache-control: no-cache\r\ncontent-type: text/html\r\n${isLast ? 'connection: close\r\n' : ''}\r\n`;
  if (isLast) socket.end(head + PAGE);
  else socket.write(head + PAGE);
}

/** `struct record` of server.c. */
function recordOf({ acceptedNs, address, answers }: Connection): Buffer {
  const bytes = Buffer.alloc(24);
  bytes.writeBigUInt64LE(acceptedNs, 0);
  bytes.writeBigUInt64LE(process.hrtime.bigint(), 8);
  bytes.writeUInt32LE(
    address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0),
    16,
  );
  bytes.writeUInt32LE(answers, 20);
  return bytes;
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
