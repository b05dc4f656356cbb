import { oneLine } from '../core/one-line.ts';
import { fail, type Verdict } from '../core/verdict.ts';
import { errorCode, type Situation, socketErrorVerdict } from './socket-errors.ts';

/** The verdict on an error of undici after the request. `status` is null before an answer. */
export function httpErrorVerdict(
  error: unknown,
  status: number | null,
  { peer, source }: Pick<Situation, 'peer' | 'source'>,
): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  // undici has one code for "closed", for "other side closed", and for answers that it does not accept.
  if (errorCode(error) === 'UND_ERR_SOCKET' && message.includes('closed')) {
    const when = status === null ? 'before an answer' : `after HTTP ${status}, inside the body`;
    return fail('connection-closed', `${peer} closed the connection ${when}`);
  }
  if (isProtocolError(error)) {
    const why = oneLine(message, MESSAGE_CHARS);
    return fail('protocol-error', `no valid HTTP from ${peer}: ${why}`);
  }
  return socketErrorVerdict(error, { phase: 'exchange', peer, source });
}

const MESSAGE_CHARS = 120;

/** Codes of undici 7.30 that a server's answer can cause. Those for bad requests are left out. */
const PROTOCOL_ERRORS: ReadonlySet<string> = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  // A 101 without a request for it fails undici's own assert(upgrade).
  'ERR_ASSERTION',
]);

function isProtocolError(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  if (PROTOCOL_ERRORS.has(code) || code.startsWith('HPE_')) return true;
  // Most errors of its parser have no code.
  return error instanceof Error && error.name === 'HTTPParserError';
}
