import type { EventEmitter } from 'node:events';
import type net from 'node:net';
import type { Dispatcher } from 'undici';
import symbols from 'undici/lib/core/symbols.js';
import Client from 'undici/lib/dispatcher/client.js';
import type { Verdict } from '../core/verdict.ts';
import type { Attempt } from './probe.ts';
import { withoutStackTraces, withStackTraces } from './stack-traces.ts';

export interface HttpRequest {
  readonly method: 'GET' | 'HEAD';
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Whether the connection is kept for another request after an answer that passes. */
  readonly keepAlive: boolean;
  /** How much of an answer is read after the verdict, so that the connection can be kept. */
  readonly maxDrainBytes: number;
}

/** Judges an answer as it comes in. Null means that the verdict needs more of it. */
export interface AnswerJudge {
  onHeaders(status: number): Verdict | null;
  onBody(chunk: Uint8Array): Verdict | null;
  onEnd(): Verdict;
  onError(error: unknown): Verdict;
  onCut(nothingReceived: boolean): Verdict;
}

/** `endedUnanswered`: the connection ended before the first byte of an answer. */
type OnVerdict = (verdict: Verdict, endedUnanswered: boolean) => void;

/**
 * undici's HTTP/1.1 for one backend, on connections that the caller opens. So undici's errors are those
 * of the exchange, not of the connect. One connection and one exchange at a time.
 */
export class HttpClient {
  readonly #request: HttpRequest;
  #client: Client | null = null;
  #socket: net.Socket | null = null;
  /** A new connection that undici has not taken yet. */
  #fresh: net.Socket | null = null;
  #exchange: Exchange | null = null;

  constructor(request: HttpRequest) {
    this.#request = request;
  }

  /** Whether the connection of the last answer can take another request. */
  get isConnected(): boolean {
    return this.#exchange?.isEnded === true && this.#socket?.destroyed === false;
  }

  /** Uses this open connection for the next exchanges. */
  connect(socket: net.Socket): void {
    // undici still waits for the rest of an answer that was not read to its end.
    if (this.#exchange?.isEnded === false) this.close();
    this.#socket?.destroy();
    this.#socket = socket;
    this.#fresh = socket;
    socket.on('close', dropListeners);
  }

  /** Sends one request. A verdict before the end of the answer does not wait for the rest. */
  exchange(judge: AnswerJudge, onVerdict: OnVerdict): Attempt {
    if (this.#socket === null) throw new Error('an exchange without a connection');
    const { method, path, headers, keepAlive, maxDrainBytes } = this.#request;
    const exchange = new Exchange(this.#socket, judge, onVerdict, maxDrainBytes);
    this.#exchange = exchange;
    this.#client ??= this.#createClient();
    this.#client.dispatch({ method, path, headers, reset: !keepAlive }, exchange);
    return {
      cut: () => {
        exchange.cut();
        this.#release();
      },
    };
  }

  close(): void {
    this.#socket?.destroy(this.#exchange?.isEnded === false ? CUT_SHORT : undefined);
    this.#socket = null;
    this.#fresh = null;
    this.#exchange = null;
    // Ends undici's timers and queue. It fails only by a bug of undici.
    void this.#client?.destroy();
    this.#client = null;
  }

  #createClient(): Client {
    const client = new Client('http://socket.invalid', {
      connect: (_options, callback) => {
        const socket = this.#fresh;
        this.#fresh = null;
        // undici goes on only after this call has returned.
        queueMicrotask(() => {
          // undici connects again by itself when the server has closed an idle connection.
          if (socket === null) return callback(CLOSED, null);
          callback(null, socket);
          dropTimers(socket);
          // After undici's own listener: all that could be read has been judged.
          socket.on('readable', () => this.#afterRead());
        });
      },
      // The caller's cut is the only deadline.
      headersTimeout: 0,
      bodyTimeout: 0,
    });
    // undici emits `error` for a bug of its own; without a listener that would end hfmd. The exchange
    // then has its verdict at the deadline.
    const emitter: EventEmitter = client; // undici's own types leave this event out.
    emitter.on('error', () => {});
    return client;
  }

  #afterRead(): void {
    withStackTraces();
    this.#release();
  }

  /** Closes the connection after the verdict, unless it is kept. */
  #release(): void {
    if (this.#exchange === null) return;
    const { verdict, isEnded } = this.#exchange;
    if (verdict === null || (this.#request.keepAlive && verdict.kind === 'pass')) return;
    if (!isEnded) {
      this.close();
      return;
    }
    this.#socket?.destroy();
    // Dropped now: an object that lives until the next probe is costly for the garbage collector.
    this.#socket = null;
    this.#exchange = null;
  }
}

/**
 * The caller's cut is the only deadline, and the server decides how long an idle connection lasts.
 * undici would close it after four seconds, and its timer for that, one for each answer, lives until
 * the next answer.
 */
function dropTimers(socket: net.Socket): void {
  const { [symbols.kParser]: parser } = socket as TakenSocket;
  if (parser) parser.setTimeout = noteTimer;
}

type TakenSocket = net.Socket & { readonly [symbols.kParser]?: UndiciParser | null };

interface UndiciParser {
  timeoutType: number;
  setTimeout(delayMs: number, type: number): void;
}

/** undici reads the type to see how far an answer has come. */
function noteTimer(this: UndiciParser, _delayMs: number, type: number): void {
  this.timeoutType = type;
}

/**
 * Node keeps a closed socket until a full garbage collection, long after its close. Without listeners
 * it does not keep the whole exchange too.
 */
function dropListeners(this: net.Socket): void {
  this.removeAllListeners();
  this.on('error', () => {});
}

/** With undici's own code, UND_ERR_SOCKET, undici would connect again and again. */
const CLOSED = Object.assign(new Error('the connection was closed'), { code: 'ECONNRESET' });

/** Without an error, undici takes the end of a connection for the end of the answer, also when it gave up. */
const CUT_SHORT = new Error('the rest of the answer was not awaited');

/** One request and the verdict on its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly #socket: net.Socket;
  readonly #bytesBefore: number;
  readonly #judge: AnswerJudge;
  readonly #onVerdict: OnVerdict;
  readonly #maxDrainBytes: number;
  #bodyBytes = 0;
  verdict: Verdict | null = null;
  /** Whether the answer was read to its end. */
  isEnded = false;

  constructor(socket: net.Socket, judge: AnswerJudge, onVerdict: OnVerdict, maxDrainBytes: number) {
    this.#socket = socket;
    this.#bytesBefore = socket.bytesRead;
    this.#judge = judge;
    this.#onVerdict = onVerdict;
    this.#maxDrainBytes = maxDrainBytes;
  }

  onRequestStart(): void {}

  onResponseStart(_controller: Dispatcher.DispatchController, status: number): void {
    // RFC 9110, section 15.2: any number of 1xx may come before the answer.
    if (status >= 200) this.#settle(this.#judge.onHeaders(status));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Uint8Array): void {
    this.#bodyBytes += chunk.length;
    if (this.verdict === null) this.#settle(this.#judge.onBody(chunk));
    if (this.verdict !== null && this.#bodyBytes > this.#maxDrainBytes) {
      controller.abort(new Error('enough was read'));
    }
  }

  onResponseEnd(): void {
    this.isEnded = true;
    if (this.verdict === null) this.#settle(this.#judge.onEnd());
    // undici closes the connection next, unless it is kept.
    withoutStackTraces();
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.#socket.destroy(CUT_SHORT);
    if (this.verdict !== null) return;
    this.#settle(this.#judge.onError(error), this.#nothingReceived());
  }

  cut(): void {
    if (this.verdict === null) this.#settle(this.#judge.onCut(this.#nothingReceived()));
  }

  #nothingReceived(): boolean {
    return this.#socket.bytesRead === this.#bytesBefore;
  }

  #settle(verdict: Verdict | null, endedUnanswered = false): void {
    if (verdict === null) return;
    this.verdict = verdict;
    this.#onVerdict(verdict, endedUnanswered);
  }
}
