import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Slices } from '../sys/slices.ts';

/** No request of the protocol comes near this. */
const MAX_BODY_BYTES = 64 * 1024;

export type BodyResult =
  | { readonly ok: true; readonly body: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly status: 400 | 413; readonly error: string };

/**
 * Reads a JSON object, or nothing at all as an empty one. A body that is too
 * large is neither kept nor read on. The connection stays open, since the answer must still go out.
 */
export async function readBody(request: IncomingMessage): Promise<BodyResult> {
  const text = await readText(request);
  if (text === null) {
    return { ok: false, status: 413, error: `expected at most ${MAX_BODY_BYTES} bytes` };
  }
  if (text === '') return { ok: true, body: {} };
  try {
    const body: unknown = JSON.parse(text);
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) {
      return { ok: true, body: body as Record<string, unknown> };
    }
  } catch {
    // Falls through to the error below, like any body that is not an object.
  }
  return { ok: false, status: 400, error: 'expected a JSON object as the body' };
}

/** Null for a body that is too large. Leaving a `for await` would cut the connection. */
function readText(request: IncomingMessage): Promise<string | null> {
  return new Promise((resolve, reject) => {
    if (Number(request.headers['content-length'] ?? 0) > MAX_BODY_BYTES) return resolve(null);
    const chunks: Buffer[] = [];
    let size = 0;
    request.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
      else {
        request.pause();
        resolve(null);
      }
    });
    request.on('end', () => resolve(Buffer.concat(chunks).toString('utf8')));
    request.on('error', reject);
    request.on('close', () => reject(new Error('the client went away')));
  });
}

export function sendJson(response: ServerResponse, status: number, value: unknown): void {
  const text = `${JSON.stringify(value)}\n`;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  });
  response.end(text);
}

/** As `sendJson`, for an answer that may be long: its text is made in slices. */
export async function sendLongJson(
  response: ServerResponse,
  status: number,
  value: object,
  slices: Slices,
): Promise<void> {
  const blocks = await slices.map(jsonBlocks(value), (block) => block);
  // The client may have gone meanwhile.
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': blocks.reduce((sum, { length }) => sum + length, 0),
  });
  for (const block of blocks) response.write(block);
  response.end();
}

const BLOCK_CHARS = 16 * 1024;

function* jsonBlocks(value: object): Generator<Buffer> {
  let text = '';
  for (const part of jsonParts(value)) {
    text += part;
    if (text.length < BLOCK_CHARS) continue;
    yield Buffer.from(text);
    text = '';
  }
  yield Buffer.from(`${text}\n`);
}

/** What JSON.stringify makes of an object, one array item at a time. */
function* jsonParts(value: object): Generator<string> {
  let before = '{';
  for (const [key, item] of Object.entries(value)) {
    if (item === undefined) continue;
    yield `${before}${JSON.stringify(key)}:`;
    if (Array.isArray(item)) {
      yield '[';
      for (const [i, one] of item.entries())
        yield (i > 0 ? ',' : '') + JSON.stringify([one]).slice(1, -1);
      yield ']';
    } else yield JSON.stringify(item);
    before = ',';
  }
  yield before === '{' ? '{}' : '}';
}
