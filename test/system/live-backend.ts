import { Worker } from 'node:worker_threads';

/** How a backend answers its monitor-uri, if at all. */
export type Mode = 'ok' | 'unavailable' | 'gone' | 'hang' | 'reset' | 'closed';

/** An HTTP server of the test's own, on a loopback address of its own. */
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

/** What live-server.mjs is told, and answers by the number of the order. */
export type Order = { readonly order: number; readonly server: number } & (
  | { readonly kind: 'open'; readonly address: string; readonly hits: Int32Array }
  | { readonly kind: 'set'; readonly mode: Mode }
);

interface Done {
  readonly order: number;
  readonly port: number;
  readonly error?: string;
}

let opened = 0;

export async function openBackend(name: string, family: 4 | 6): Promise<LiveBackend> {
  opened += 1;
  const server = opened;
  // Of this process alone, so that nobody takes the port while the backend is closed.
  const { pid } = process;
  const own = `127.${64 + (pid % 64)}.${(pid >> 6) % 256}.${1 + (opened % 254)}`;
  const address = family === 4 ? own : '::1';
  const hits = new Int32Array(new SharedArrayBuffer(4));
  const { port } = await tell({ server, kind: 'open', address, hits });
  const set = async (mode: Mode): Promise<void> => {
    await tell({ server, kind: 'set', mode });
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
const waiting = new Map<number, (done: Done) => void>();
let told = 0;

/** An order without its number. */
type Untold = Order extends infer One ? (One extends Order ? Omit<One, 'order'> : never) : never;

async function tell(order: Untold): Promise<Done> {
  thread ??= openThread();
  told += 1;
  const mine = told;
  const answered = new Promise<Done>((resolve) => void waiting.set(mine, resolve));
  thread.postMessage({ ...order, order: mine });
  const done = await answered;
  if (done.error !== undefined) throw new Error(done.error);
  return done;
}

function openThread(): Worker {
  const worker = new Worker(new URL('./live-server.mjs', import.meta.url));
  worker.on('message', (done: Done) => {
    waiting.get(done.order)?.(done);
    waiting.delete(done.order);
  });
  return worker;
}
