import type net from 'node:net';
import type tls from 'node:tls';
import { describe, expect, it, vi } from 'vitest';
import type { TlsConfig } from '../../src/config/config.ts';
import { createHttpProbe } from '../../src/probes/http.ts';
import { createTcpProbe } from '../../src/probes/tcp.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { httpCheck, tcpCheck, VERIFIED } from './fixtures/checks.ts';
import {
  answering,
  http200,
  onRequest,
  readPem,
  serveTcp,
  serveTls,
  turnsOfTheLoop,
} from './fixtures/servers.ts';

const CA = readPem('ca');
const NAME = 'backend.example.org';

describe('a certificate', () => {
  it('of the configured CA for the name passes', async () => {
    const { port } = await serveTls('good', answering(http200()));
    expect(await https(port, { ca: CA, serverName: NAME })).toEqual({
      kind: 'pass',
      detail: '200',
    });
  });

  it('of the configured CA for the address passes without a name', async () => {
    const { port } = await serveTls('good', answering(http200()));
    expect(await https(port, { ca: CA })).toMatchObject({ kind: 'pass' });
  });

  it.each([
    ['expired', { ca: CA, serverName: NAME }, /expired \(CERT_HAS_EXPIRED\)/],
    ['wrong-host', { ca: CA, serverName: NAME }, /other\.example\.org.*\(ERR_TLS_CERT_ALTNAME/],
    ['wrong-host', { ca: CA }, /127\.0\.0\.1.*\(ERR_TLS_CERT_ALTNAME/],
    ['self-signed', { ca: CA, serverName: NAME }, /\(DEPTH_ZERO_SELF_SIGNED_CERT\)/],
    ['good', { serverName: NAME }, /\(UNABLE_TO_VERIFY_LEAF_SIGNATURE\)/],
  ] as const)('that is %s is refused (%#)', async (certificate, config, detail) => {
    let requests = 0;
    const server = await serveTls(certificate, (socket) => {
      onRequest(socket, () => {
        requests += 1;
      });
    });
    expect(await https(server.port, config)).toMatchObject({
      kind: 'fail',
      reason: 'tls-verify',
      detail: expect.stringMatching(detail),
    });
    await vi.waitFor(() => expect(server.open()).toBe(0));
    expect(requests).toBe(0);
  });

  it.each(['expired', 'wrong-host', 'self-signed', 'good'] as const)(
    'that is %s passes with tls_verify = false',
    async (certificate) => {
      const { port } = await serveTls(certificate, answering(http200()));
      expect(await https(port, { verify: false, serverName: NAME })).toMatchObject({
        kind: 'pass',
      });
    },
  );

  it('is verified by tcp checks too', async () => {
    const { port } = await serveTls('expired', () => {});
    const trusting = { ...VERIFIED, ca: CA, serverName: NAME };
    expect(await runProbe(createTcpProbe(tcpCheck(port, { tls: trusting })))).toMatchObject({
      reason: 'tls-verify',
    });
  });
});

describe('the handshake', () => {
  it('sends the server name as SNI, apart from the address and the Host header', async () => {
    const seen: (string | false | null)[] = [];
    let head = '';
    const { port } = await serveTls('good', (socket) => {
      seen.push(socket.servername);
      onRequest(socket, (text) => {
        head = text;
        socket.end(http200());
      });
    });
    const config = { ...VERIFIED, ca: CA, serverName: NAME };
    const check = httpCheck(`https://127.0.0.1:${port}/`, { tls: config, host: 'www.example.org' });
    expect(await runProbe(createHttpProbe(check))).toMatchObject({ kind: 'pass' });
    expect(seen).toEqual([NAME]);
    expect(head).toMatch(/^host: www\.example\.org$/im);
  });

  it('sends no SNI without a server name', async () => {
    const seen: (string | false | null)[] = [];
    const { port } = await serveTls('good', (socket) => {
      seen.push(socket.servername);
      answering(http200())(socket);
    });
    await https(port, { ca: CA });
    expect(seen).toEqual([false]);
  });

  it('offers HTTP/1.1 and never resumes a session', async () => {
    const seen: unknown[] = [];
    const onConnection = (socket: tls.TLSSocket) => {
      seen.push([socket.alpnProtocol, socket.isSessionReused()]);
      answering(http200())(socket);
    };
    const { port } = await serveTls('good', onConnection, { ALPNProtocols: ['h2', 'http/1.1'] });
    const probe = createHttpProbe(
      httpCheck(`https://127.0.0.1:${port}/`, { tls: { ...VERIFIED, ca: CA } }),
    );
    await runProbe(probe);
    await runProbe(probe);
    expect(seen).toEqual([
      ['http/1.1', false],
      ['http/1.1', false],
    ]);
  });

  it('with a server that speaks no TLS is tls-error', async () => {
    const { port } = await serveTcp((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    expect(await https(port, {})).toMatchObject({
      kind: 'fail',
      reason: 'tls-error',
      detail: expect.stringContaining('wrong version number'),
    });
  });

  it('that the server breaks off is connection-closed', async () => {
    const { port } = await serveTcp((socket) => socket.once('data', () => socket.end()));
    expect(await https(port, {})).toMatchObject({
      reason: 'connection-closed',
      detail: expect.stringContaining('in the TLS handshake'),
    });
  });

  it('that the server refuses without a client certificate is tls-error', async () => {
    // In TLS 1.3 the refusal comes after the handshake, and may lose the race with the close.
    const options = { requestCert: true, rejectUnauthorized: true, maxVersion: 'TLSv1.2' } as const;
    const { port } = await serveTls('good', answering(http200()), options);
    expect(await https(port, { ca: CA })).toMatchObject({
      reason: 'tls-error',
      detail: expect.stringMatching(/alert.*\(ERR_SSL_/),
    });
  });

  it.each([
    ['http', (port: number) => createHttpProbe(httpCheck(`https://127.0.0.1:${port}/`))],
    ['tcp', (port: number) => createTcpProbe(tcpCheck(port, { tls: VERIFIED }))],
  ])('that never ends is tls-timeout at the deadline (%s)', async (_type, create) => {
    let greeted: (socket: net.Socket) => void = () => {};
    const hello = new Promise<net.Socket>((resolve) => {
      greeted = resolve;
    });
    const server = await serveTcp((socket) => socket.once('data', () => greeted(socket)));
    const controller = new AbortController();
    const verdict = runProbe(create(server.port), controller.signal);
    await hello;
    controller.abort();
    expect(await verdict).toEqual({
      kind: 'fail',
      reason: 'tls-timeout',
      detail: `connected to 127.0.0.1:${server.port}, but no TLS handshake within 500ms`,
    });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('that is done, without an answer after it, is nothing received', async () => {
    let asked = () => {};
    const request = new Promise<void>((resolve) => {
      asked = resolve;
    });
    const { port } = await serveTls('good', (socket) => onRequest(socket, asked));
    const controller = new AbortController();
    const check = httpCheck(`https://127.0.0.1:${port}/`, { tls: { ...VERIFIED, ca: CA } });
    const verdict = runProbe(createHttpProbe(check), controller.signal);
    await request;
    await turnsOfTheLoop();
    controller.abort();
    expect(await verdict).toMatchObject({
      reason: 'read-timeout',
      detail: expect.stringContaining('nothing received within 500ms'),
    });
  });

  it('with a CA that is not PEM is a fault of hfm', async () => {
    const { port } = await serveTls('good', answering(http200()));
    const ca = '-----BEGIN CERTIFICATE-----\nbroken\n-----END CERTIFICATE-----\n';
    expect(await https(port, { ca })).toMatchObject({ kind: 'inconclusive' });
  });
});

function https(port: number, config: Partial<TlsConfig>) {
  const check = httpCheck(`https://127.0.0.1:${port}/`, { tls: { ...VERIFIED, ...config } });
  return runProbe(createHttpProbe(check));
}
