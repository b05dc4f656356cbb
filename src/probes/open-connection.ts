import { X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import type { TlsConfig } from '../config/config.ts';
import { formatDuration } from '../core/duration.ts';
import { oneLine } from '../core/one-line.ts';
import { fail, type Verdict } from '../core/verdict.ts';
import type { Endpoint } from './idle-connection.ts';
import type { Attempt } from './probe.ts';
import { ProbeSocket } from './probe-socket.ts';
import { errorCode, socketErrorVerdict } from './socket-errors.ts';

export interface Target extends Endpoint {
  readonly tls: TlsTarget | null;
  /** Whether an answer is read. If not, a plain socket costs a third less. */
  readonly isRead: boolean;
  /** For messages only: the caller's cut is the deadline. */
  readonly timeoutMs: number;
}

interface TlsTarget {
  readonly config: TlsConfig;
  /** ALPN names to offer; empty for no ALPN. */
  readonly protocols: readonly string[];
  /** Throws if the CA is not PEM. Called once a probe, since it parses every CA. */
  readonly context: () => tls.SecureContext;
}

/**
 * The socket is connected, its TLS handshake is done, and it has a listener for late errors. Read it by
 * `readable` and `read()`.
 */
export type Opened =
  | { readonly kind: 'open'; readonly socket: net.Socket }
  | { readonly kind: 'failed'; readonly verdict: Verdict };

const ENDED: Attempt = { cut() {} };

/** Connects, with TLS if the target has it. When it is cut, the verdict names the phase it was in. */
export function openConnection(target: Target, done: (opened: Opened) => void): Attempt {
  try {
    return new Handshakes(startConnection(target), target, done);
  } catch (error) {
    done({ kind: 'failed', verdict: verdictOn(error, 'connect', target) });
    return ENDED;
  }
}

/** `10.2.1.250:443`, `[fd00:2::250]:443` */
export function peerName({ address, port }: Target): string {
  return net.isIPv6(address) ? `[${address}]:${port}` : `${address}:${port}`;
}

export function createTlsTarget(config: TlsConfig, protocols: readonly string[]): TlsTarget {
  let context: tls.SecureContext | null = null;
  return {
    config,
    protocols,
    context: () => {
      context ??= createContext(config.ca);
      return context;
    },
  };
}

function createContext(ca: string | null): tls.SecureContext {
  if (ca === null) return tls.createSecureContext();
  // Throws if it is not PEM; createSecureContext would accept it and then trust no certificate.
  new X509Certificate(ca);
  return tls.createSecureContext({ ca });
}

class Handshakes implements Attempt {
  readonly #socket: net.Socket;
  readonly #target: Target;
  readonly #done: (opened: Opened) => void;
  #phase: 'connect' | 'tls' = 'connect';
  #isSettled = false;

  constructor(socket: net.Socket, target: Target, done: (opened: Opened) => void) {
    this.#socket = socket;
    this.#target = target;
    this.#done = done;
    // Stays on the socket: an error after the verdict means nothing, and must not end hfmd.
    socket.on('error', (error) => this.#failed(error));
    if (target.tls === null) {
      socket.on('connect', () => this.#opened());
    } else {
      socket.on('connect', () => {
        this.#phase = 'tls';
      });
      socket.on('secureConnect', () => this.#opened());
    }
  }

  cut(): void {
    this.#giveUp(timeoutVerdict(this.#phase, this.#target));
  }

  #opened(): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#done({ kind: 'open', socket: this.#socket });
  }

  #failed(error: Error): void {
    if (this.#isSettled) return;
    const isRefused = isCertificateRefused(this.#socket);
    this.#giveUp(
      isRefused
        ? certificateVerdict(error, this.#target)
        : verdictOn(error, this.#phase, this.#target),
    );
  }

  #giveUp(verdict: Verdict): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    this.#socket.destroy();
    this.#done({ kind: 'failed', verdict });
  }
}

function startConnection(target: Target): net.Socket {
  const { address, port, source, isRead, tls: tlsTarget } = target;
  const peer = { host: address, port };
  const options = source === null ? peer : { ...peer, localAddress: source };
  if (tlsTarget === null) return (isRead ? new ProbeSocket() : new net.Socket()).connect(options);
  const { config, protocols, context } = tlsTarget;
  return tls.connect({
    ...options,
    secureContext: context(),
    rejectUnauthorized: config.verify,
    // Without a name the certificate must be for the address.
    ...(config.serverName === null ? {} : { servername: config.serverName }),
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
  });
}

/** Node sets authorizationError for every verify code of OpenSSL and for a wrong name. */
function isCertificateRefused(socket: net.Socket): boolean {
  return socket instanceof tls.TLSSocket && Boolean(socket.authorizationError);
}

function certificateVerdict(error: Error, target: Target): Verdict {
  const code = errorCode(error) ?? 'no code';
  return fail(
    'tls-verify',
    `certificate of ${peerName(target)}: ${oneLine(error.message, 200)} (${code})`,
  );
}

function timeoutVerdict(phase: 'connect' | 'tls', target: Target): Verdict {
  const within = `within ${formatDuration(target.timeoutMs)}`;
  return phase === 'connect'
    ? fail('connect-timeout', `no connection to ${peerName(target)} ${within}`)
    : fail('tls-timeout', `connected to ${peerName(target)}, but no TLS handshake ${within}`);
}

function verdictOn(error: unknown, phase: 'connect' | 'tls', target: Target): Verdict {
  return socketErrorVerdict(error, { phase, peer: peerName(target), source: target.source });
}
