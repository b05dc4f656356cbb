import { X509Certificate } from 'node:crypto';
import net from 'node:net';
import tls from 'node:tls';
import type { TlsConfig } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import { formatDuration } from '../core/duration.ts';
import { oneLine } from '../core/one-line.ts';
import { fail, inconclusive, type Verdict } from '../core/verdict.ts';
import { errorCode, socketErrorVerdict } from './socket-errors.ts';

export interface Target {
  /** Numeric, without brackets. */
  readonly address: string;
  readonly port: number;
  readonly source: Address | null;
  readonly tls: TlsTarget | null;
  /** For what people read; the deadline itself is the signal. */
  readonly timeoutMs: number;
}

interface TlsTarget {
  readonly config: TlsConfig;
  /** ALPN names to offer; none where empty. */
  readonly protocols: readonly string[];
  /** Throws on a CA that is no PEM. Made once a probe, since it parses every CA. */
  readonly context: () => tls.SecureContext;
}

/** The socket is connected, has done its TLS handshake and holds a listener for late errors. */
type Opened =
  | { readonly kind: 'open'; readonly socket: net.Socket }
  | { readonly kind: 'failed'; readonly verdict: Verdict };

/** Connects, with TLS where the target has it; on abort it says which of the two was not done. */
export async function openConnection(target: Target, signal: AbortSignal): Promise<Opened> {
  if (signal.aborted) {
    const verdict = inconclusive('stalled', 'the deadline was over before the probe began');
    return { kind: 'failed', verdict };
  }
  try {
    return await followHandshakes(startConnection(target), target, signal);
  } catch (error) {
    return { kind: 'failed', verdict: verdictOn(error, 'connect', target) };
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
  // Throws where it is no PEM; createSecureContext would take it and then trust nobody.
  new X509Certificate(ca);
  return tls.createSecureContext({ ca });
}

function followHandshakes(
  socket: net.Socket,
  target: Target,
  signal: AbortSignal,
): Promise<Opened> {
  return new Promise((resolve) => {
    let phase: 'connect' | 'tls' = 'connect';
    let settled = false;

    const settle = (opened: Opened) => {
      if (settled) return;
      settled = true;
      signal.removeEventListener('abort', onAbort);
      if (opened.kind === 'failed') socket.destroy();
      resolve(opened);
    };
    const onAbort = () => settle({ kind: 'failed', verdict: timeoutVerdict(phase, target) });

    signal.addEventListener('abort', onAbort, { once: true });
    // Stays on the socket: an error after the verdict has nobody to tell, and must not end hfmd.
    socket.on('error', (error) => {
      const verdict = isCertificateRefused(socket)
        ? certificateVerdict(error, target)
        : verdictOn(error, phase, target);
      settle({ kind: 'failed', verdict });
    });
    socket.once('connect', () => {
      phase = 'tls';
      if (target.tls === null) settle({ kind: 'open', socket });
    });
    socket.once('secureConnect', () => settle({ kind: 'open', socket }));
  });
}

function startConnection({ address, port, source, tls: tlsTarget }: Target): net.Socket {
  const options = { host: address, port, ...(source === null ? {} : { localAddress: source }) };
  if (tlsTarget === null) return net.connect(options);
  const { config, protocols, context } = tlsTarget;
  return tls.connect({
    ...options,
    secureContext: context(),
    rejectUnauthorized: config.verify,
    // Without a name the certificate must be for the address itself.
    ...(config.serverName === null ? {} : { servername: config.serverName }),
    ...(protocols.length === 0 ? {} : { ALPNProtocols: [...protocols] }),
  });
}

/** Node sets authorizationError for all of OpenSSL's verify codes and for a wrong name. */
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
