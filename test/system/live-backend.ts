import { Worker } from 'node:worker_threads';

/** How a backend answers its monitor-uri, if at all. */
export type Mode = 'ok' | 'unavailable' | 'gone' | 'hang' | 'reset' | 'closed';

/** An HTTP server for one test, on a loopback address of its own. */
export interface LiveBackend {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** How many requests were answered or left hanging. */
  readonly hits: number;
  set(mode: Mode): Promise<void>;
  close(): Promise<void>;
  /** Its `[backend.NAME]`, with `check.http` and further lines. */
  toml(pools: Readonly<Record<string, string | readonly string[]>>, more?: string): string;
}

/** A request to live-server.mjs. The reply has its number. */
export type Request = { readonly request: number; readonly server: number } & (
  | { readonly kind: 'open'; readonly address: string; readonly hits: Int32Array }
  | { readonly kind: 'set'; readonly mode: Mode }
);

interface Reply {
  readonly request: number;
  readonly port: number;
  readonly error?: string;
}

let opened = 0;

export async function openBackend(name: string, family: 4 | 6): Promise<LiveBackend> {
  opened += 1;
  const server = opened;
  // An address for this process alone, so that no other takes the port while the backend is closed.
  const { pid } = process;
  const own = `127.${64 + (pid % 64)}.${(pid >> 6) % 256}.${1 + (opened % 254)}`;
  const address = family === 4 ? own : '::1';
  const hits = new Int32Array(new SharedArrayBuffer(4));
  const { port } = await send({ server, kind: 'open', address, hits });
  const set = async (mode: Mode): Promise<void> => {
    await send({ server, kind: 'set', mode });
  };
  return {
    name,
    address,
    port,
    get hits() {
      return Atomics.load(hits, 0);
    },
    set,
    close: () => set('closed'),
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

let thread: Worker | null = null;
const waiting = new Map<number, (reply: Reply) => void>();
let requests = 0;

/** A request without its number. */
type Unnumbered = Request extends infer One
  ? One extends Request
    ? Omit<One, 'request'>
    : never
  : never;

async function send(request: Unnumbered): Promise<Reply> {
  thread ??= openThread();
  requests += 1;
  const number = requests;
  const replied = new Promise<Reply>((resolve) => void waiting.set(number, resolve));
  thread.postMessage({ ...request, request: number });
  const reply = await replied;
  if (reply.error !== undefined) throw new Error(reply.error);
  return reply;
}

function openThread(): Worker {
  const worker = new Worker(new URL('./live-server.mjs', import.meta.url));
  worker.on('message', (reply: Reply) => {
    waiting.get(reply.request)?.(reply);
    waiting.delete(reply.request);
  });
  return worker;
}
