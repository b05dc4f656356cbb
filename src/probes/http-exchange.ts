import type { EventEmitter } from 'node:events';
import type net from 'node:net';
import type { Dispatcher } from 'undici';
import Client from 'undici/lib/dispatcher/client.js';
import type { Verdict } from '../core/verdict.ts';

/** One connection with undici's HTTP/1.1 on top of it. */
export interface HttpConnection {
  readonly socket: net.Socket;
  readonly client: Client;
  /** Whether the last answer was read to its end, so that another request may follow. */
  idle: boolean;
}

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly keepAlive: boolean;
}

/** Judges an answer as it comes in; null where it has to see more. */
export interface AnswerJudge {
  onHeaders(status: number): Verdict | null;
  onBody(chunk: Uint8Array): Verdict | null;
  onEnd(): Verdict;
  onError(error: unknown): Verdict;
  onAbort(nothingReceived: boolean): Verdict;
}

interface ExchangeOutcome {
  readonly verdict: Verdict;
  /** The connection ended before a single byte of an answer came. */
  readonly endedUnanswered: boolean;
}

/** The socket is open already: an error that it meets belongs to the exchange, not to the connect. */
export function createHttpConnection(socket: net.Socket): HttpConnection {
  let given = false;
  const client = new Client('http://socket.invalid', {
    connect(_options, callback) {
      // undici connects again by itself where the server closed an idle connection.
      const error = given ? new Error('the connection was closed') : null;
      given = true;
      queueMicrotask(() => (error === null ? callback(null, socket) : callback(error, null)));
    },
    // The caller's signal is the only deadline.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  // Where undici finds itself in error it tells its client; without a listener that would end hfmd.
  // The exchange then has its verdict at the deadline.
  const emitter: EventEmitter = client; // undici's own types leave this event out.
  emitter.on('error', () => {});
  return { socket, client, idle: false };
}

export function destroyHttpConnection({ socket, client }: HttpConnection): void {
  socket.destroy();
  // Ends undici's timers and queue; it has no way to fail that is not a bug of undici's.
  void client.destroy();
}

/**
 * One request and the judgement of its answer. Settles at the abort. Where the verdict comes before
 * the answer's end, a kept-alive connection is read on, by at most `maxDrainBytes`, until it is idle.
 */
export function exchange(
  connection: HttpConnection,
  request: HttpRequest,
  judge: AnswerJudge,
  maxDrainBytes: number,
  signal: AbortSignal,
): Promise<ExchangeOutcome> {
  return new Promise((resolve) => {
    const { socket, client } = connection;
    const bytesBefore = socket.bytesRead;
    let bodyBytes = 0;
    let settled = false;

    const nothingReceived = () => socket.bytesRead === bytesBefore;
    const settle = (verdict: Verdict | null, endedUnanswered = false) => {
      if (verdict === null || settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      resolve({ verdict, endedUnanswered });
    };
    const onAbort = () => settle(judge.onAbort(nothingReceived()));
    const handler: Dispatcher.DispatchHandler = {
      onRequestStart() {},
      onResponseStart(_controller, status) {
        // RFC 9110, section 15.2: any number of 1xx may come before the answer.
        if (status >= 200) settle(judge.onHeaders(status));
      },
      onResponseData(controller, chunk) {
        bodyBytes += chunk.length;
        if (!settled) settle(judge.onBody(chunk));
        if (settled && bodyBytes > maxDrainBytes) controller.abort(new Error('enough was read'));
      },
      onResponseEnd() {
        connection.idle = true;
        if (!settled) settle(judge.onEnd());
      },
      onResponseError(_controller, error) {
        settle(judge.onError(error), nothingReceived());
      },
    };

    connection.idle = false;
    signal.addEventListener('abort', onAbort, { once: true });
    const { method, path, headers, keepAlive } = request;
    client.dispatch({ method, path, headers, reset: !keepAlive }, handler);
  });
}
