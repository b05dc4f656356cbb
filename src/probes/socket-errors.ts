import type { Address } from '../core/address.ts';
import { oneLine } from '../core/one-line.ts';
import { fail, inconclusive, type Verdict } from '../core/verdict.ts';

export interface Situation {
  /** The phase in which the connection failed. */
  readonly phase: 'connect' | 'tls' | 'exchange';
  /** `10.2.1.250:443` */
  readonly peer: string;
  /** The local address that the check asks for. */
  readonly source: Address | null;
}

/**
 * The verdict on an error of a socket. A fault of the backend or of the way to it is a failure. A fault
 * of this node (descriptors, ports, its own pf) is inconclusive, and so is an unknown error.
 */
export function socketErrorVerdict(error: unknown, situation: Situation): Verdict {
  const { phase, peer, source } = situation;
  const code = errorCode(error);
  switch (code) {
    case 'ECONNREFUSED':
      return fail('connect-refused', `${peer} refused the connection`);
    case 'ETIMEDOUT':
      return phase === 'exchange'
        ? fail('read-timeout', `${peer} acknowledges nothing any more (ETIMEDOUT)`)
        : fail('connect-timeout', `no answer from ${peer} (ETIMEDOUT)`);
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'ENETDOWN':
    // The BSDs: a host on a network of this node that answers no ARP. Linux has EHOSTUNREACH for it.
    case 'EHOSTDOWN':
      return fail('no-route', `no way to ${peer} (${code})`);
    case 'ECONNRESET':
    case 'ECONNABORTED':
    case 'EPIPE':
      return closedVerdict(code, situation);
    case 'EMFILE':
    case 'ENFILE':
    case 'ENOBUFS':
    case 'ENOMEM':
      return inconclusive('no-descriptors', `this node is out of descriptors or buffers (${code})`);
    // No local port is left: EAGAIN in FreeBSD's connect(2); EADDRINUSE in Linux's bind(2), and in
    // FreeBSD when the same connection still exists; else EADDRNOTAVAIL.
    case 'EAGAIN':
    case 'EADDRINUSE':
      return noPortVerdict(code, situation);
    case 'EADDRNOTAVAIL':
      return source === null
        ? noPortVerdict(code, situation)
        : fail('no-route', `no way to ${peer} from source ${source} (${code})`);
    case 'EINVAL':
    case 'EAFNOSUPPORT':
      return source === null
        ? fail('connect-error', `no connection to ${peer} (${code})`)
        : sourceVerdict(code, situation, source);
    // Dropped by a `block out` rule of this host: EACCES on OpenBSD and FreeBSD, EPERM on some releases
    // of FreeBSD.
    case 'EACCES':
    case 'EPERM':
      return inconclusive('blocked-by-pf', `blocked by this node's pf (${code})`);
  }
  if (code?.startsWith('ERR_SSL_') || code?.startsWith('ERR_TLS_') || code === 'EPROTO') {
    return fail('tls-error', `TLS with ${peer} failed: ${tlsReason(error)} (${code})`);
  }
  // Names of errno have capitals and digits only. Node's own codes have an underscore.
  if (code !== null && /^E[A-Z0-9]+$/.test(code)) {
    return fail('connect-error', `connection to ${peer} failed (${code})`);
  }
  const message = error instanceof Error ? error.message : String(error);
  return inconclusive('internal-error', oneLine(message, MESSAGE_CHARS));
}

const MESSAGE_CHARS = 120;

/** The `code` of an error of the system, Node, OpenSSL or undici; null if it has none. */
export function errorCode(error: unknown): string | null {
  if (!(error instanceof Error && 'code' in error)) return null;
  return typeof error.code === 'string' ? error.code : null;
}

function noPortVerdict(code: string, { peer }: Situation): Verdict {
  return inconclusive(
    'no-descriptors',
    `this node has no free local port towards ${peer} (${code})`,
  );
}

function closedVerdict(code: string, { phase, peer }: Situation): Verdict {
  switch (phase) {
    case 'connect':
      return fail('connect-error', `connection to ${peer} failed (${code})`);
    case 'tls':
      return fail('connection-closed', `${peer} closed the connection in the TLS handshake`);
    case 'exchange':
      return fail('connection-closed', `${peer} reset the connection (${code})`);
  }
}

function sourceVerdict(code: string, { peer }: Situation, source: Address): Verdict {
  return inconclusive('source-address', `can't reach ${peer} from source ${source} (${code})`);
}

/** OpenSSL's short reason ("wrong version number") rather than its line of file names and numbers. */
function tlsReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return 'reason' in error && typeof error.reason === 'string' ? error.reason : error.message;
}
