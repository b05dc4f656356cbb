import { oneLine } from '../core/one-line.ts';
import { fail, type Verdict } from '../core/verdict.ts';
import { errorCode, type Situation, socketErrorVerdict } from './socket-errors.ts';

/** The verdict on an error that undici met after the request; `status` is null before an answer. */
export function httpErrorVerdict(
  error: unknown,
  status: number | null,
  { peer, source }: Pick<Situation, 'peer' | 'source'>,
): Verdict {
  const message = error instanceof Error ? error.message : String(error);
  // undici gives one code to "closed" and "other side closed", and to the answers that it can't take.
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

/** Of undici 7.30: what a server's answer can bring about, and not what undici refuses to send. */
const PROTOCOL_ERRORS: ReadonlySet<string> = new Set([
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_OVERFLOW',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
  // A 101 that nobody asked for ends in undici's own assert(upgrade).
  'ERR_ASSERTION',
]);

function isProtocolError(error: unknown): boolean {
  const code = errorCode(error) ?? '';
  if (PROTOCOL_ERRORS.has(code) || code.startsWith('HPE_')) return true;
  // Most errors of its parser have no code.
  return error instanceof Error && error.name === 'HTTPParserError';
}
