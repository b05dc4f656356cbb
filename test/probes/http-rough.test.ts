import type { Socket } from 'node:net';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { createHttpProbe } from '../../src/probes/http.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { httpCheck } from './fixtures/checks.ts';
import { onRequest, serveTcp } from './fixtures/servers.ts';

const uncaught: unknown[] = [];
const note = (error: unknown): void => {
  uncaught.push(error);
};
process.on('uncaughtException', note);
process.on('unhandledRejection', note);
afterAll(() => {
  process.off('uncaughtException', note);
  process.off('unhandledRejection', note);
});

const PIECES = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 200 OK\r\n',
  'HTTP/1.1 503 Busy\r\n',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n',
  'HTTP/1.1 204 No Content\r\n\r\n',
  'content-length: 4\r\n',
  'content-length: 40000\r\n',
  'transfer-encoding: chunked\r\n',
  'connection: close\r\n',
  'connection: keep-alive\r\n',
  '\r\n',
  'body',
  '4\r\nbody\r\n',
  '0\r\n\r\n',
  'x'.repeat(20_000),
  'garbage',
];
const ENDINGS = ['end', 'reset', 'destroy', 'wait'] as const;

function answer(socket: Socket, pieces: readonly string[], ending: (typeof ENDINGS)[number]): void {
  const next = (i: number): void => {
    const piece = pieces[i];
    if (piece !== undefined) {
      socket.write(piece, () => setImmediate(next, i + 1));
    } else if (ending === 'end') {
      socket.end();
    } else if (ending === 'reset') {
      socket.resetAndDestroy();
    } else if (ending === 'destroy') {
      socket.destroy();
    }
  };
  next(0);
}

test('any answer, however it is cut or ended, gives one verdict and no exception', async () => {
  let pieces: readonly string[] = [];
  let ending: (typeof ENDINGS)[number] = 'end';
  const { port } = await serveTcp((socket) =>
    onRequest(socket, () => answer(socket, pieces, ending)),
  );
  const probeOf = (keepAlive: boolean, looks: boolean) =>
    createHttpProbe(
      httpCheck(`http://127.0.0.1:${port}/`, {
        keepAlive,
        maxBodyBytes: 10_000,
        body: looks ? { kind: 'text', text: 'body' } : null,
      }),
    );
  const probes = [true, false].flatMap((alive) => [probeOf(alive, true), probeOf(alive, false)]);
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(...probes),
      fc.array(fc.constantFrom(...PIECES), { maxLength: 6 }),
      fc.constantFrom(...ENDINGS),
      fc.integer({ min: 0, max: 12 }),
      async (probe, someOf, end, cutAfterMs) => {
        // Most begin correctly, so that more of the code is reached.
        pieces = someOf.length > 3 ? ['HTTP/1.1 200 OK\r\n', ...someOf] : someOf;
        ending = end;
        const deadline = new AbortController();
        const timer = setTimeout(() => deadline.abort(), cutAfterMs);
        const verdict = await runProbe(probe, deadline.signal);
        clearTimeout(timer);
        expect(verdict).not.toMatchObject({ kind: 'inconclusive' });
        expect(uncaught).toEqual([]);
      },
    ),
    { numRuns: 1500 },
  );
  for (const probe of probes) probe.close();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(uncaught).toEqual([]);
}, 60_000);
