import { type IncomingMessage, request } from 'node:http';
import type { ErrorJson } from '../protocol/protocol.ts';

/** The outcome of a request: an answer, hfmd's refusal, or no answer. */
export type Answer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | { readonly kind: 'refused'; readonly status: number; readonly error: ErrorJson }
  | { readonly kind: 'unreachable'; readonly error: string }
  /** hfmd runs, but did not answer within the caller's time. */
  | { readonly kind: 'timed-out'; readonly error: string };

export interface Client {
  get<T>(
    path: string,
    query?: Readonly<Record<string, string>>,
    timeoutMs?: number,
  ): Promise<Answer<T>>;
  post<T>(path: string, body: unknown): Promise<Answer<T>>;
  /** Calls `onLine` for each line of an answer, which may have no end. */
  lines(path: string, onLine: (line: string) => void): Promise<Answer<null>>;
}

/** No answer of hfmd takes longer, not even the states of a busy firewall. */
const TIMEOUT_MS = 40_000;

export function createClient(socketPath: string): Client {
  return {
    get(path, query = {}, timeoutMs = TIMEOUT_MS) {
      const search = new URLSearchParams(query).toString();
      const target = search === '' ? path : `${path}?${search}`;
      return exchange(socketPath, 'GET', target, null, timeoutMs);
    },
    post: (path, body) => exchange(socketPath, 'POST', path, JSON.stringify(body), TIMEOUT_MS),
    lines: (path, onLine) => follow(socketPath, path, onLine),
  };
}

async function exchange<T>(
  socketPath: string,
  method: string,
  path: string,
  body: string | null,
  timeoutMs: number,
): Promise<Answer<T>> {
  try {
    const response = await send(socketPath, method, path, body, timeoutMs);
    const text = await readAll(response);
    const status = response.statusCode ?? 0;
    const json: unknown = JSON.parse(text);
    if (status === 200) return { kind: 'ok', value: json as T };
    return { kind: 'refused', status, error: json as ErrorJson };
  } catch (error) {
    if (error instanceof NoAnswer) return { kind: 'timed-out', error: error.message };
    return { kind: 'unreachable', error: explain(socketPath, error) };
  }
}

class NoAnswer extends Error {}

async function follow(
  socketPath: string,
  path: string,
  onLine: (line: string) => void,
): Promise<Answer<null>> {
  try {
    const response = await send(socketPath, 'GET', path, null, 0);
    response.setEncoding('utf8');
    let rest = '';
    for await (const chunk of response) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) onLine(line);
    }
    return { kind: 'ok', value: null };
  } catch (error) {
    return { kind: 'unreachable', error: explain(socketPath, error) };
  }
}

function send(
  socketPath: string,
  method: string,
  path: string,
  body: string | null,
  timeout: number,
): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = request(
      {
        socketPath,
        method,
        path,
        timeout,
        agent: false,
        headers: {
          connection: 'close',
          ...(body === null
            ? {}
            : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }),
        },
      },
      resolve,
    );
    outgoing.on('timeout', () => outgoing.destroy(new NoAnswer('hfmd gave no answer in time')));
    outgoing.on('error', reject);
    outgoing.end(body ?? undefined);
  });
}

async function readAll(response: IncomingMessage): Promise<string> {
  response.setEncoding('utf8');
  let text = '';
  for await (const chunk of response) text += String(chunk);
  return text;
}

function explain(socketPath: string, error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return `hfmd does not run: there is no socket ${socketPath}`;
    case 'ECONNREFUSED':
      return `hfmd does not run: nothing listens on ${socketPath}`;
    case 'EACCES':
    case 'EPERM':
      return `no permission for ${socketPath}: it is for its owner and group only`;
    case 'ECONNRESET':
      return 'hfmd has closed the connection: it stops, or has too many clients';
    default:
      return `${socketPath}: ${message}`;
  }
}
