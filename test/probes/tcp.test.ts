import type net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, vi } from 'vitest';
import type { TcpCheckConfig } from '../../src/config/config.ts';
import { createTcpProbe } from '../../src/probes/tcp.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { canRunOutOfDescriptors, withoutDescriptors } from '../process/fixtures/descriptors.ts';
import { address, tcpCheck, VERIFIED } from './fixtures/checks.ts';
import {
  closedPort,
  readPem,
  serveDeaf,
  serveTcp,
  serveTls,
  turnsOfTheLoop,
} from './fixtures/servers.ts';

describe('a connect', () => {
  it.each(['127.0.0.1', '::1'])('to %s passes', async (host) => {
    const { port } = await serveTcp(() => {}, host);
    expect(await probeOnce(port, { address: address(host) })).toEqual({
      kind: 'pass',
      detail: 'connected',
    });
  });

  it('ends by a reset, which leaves no TIME_WAIT behind', async () => {
    const ends: string[] = [];
    const server = await serveTcp((socket) => {
      socket.on('error', (error) =>
        ends.push('code' in error ? String(error.code) : error.message),
      );
      socket.on('end', () => ends.push('FIN'));
      socket.resume();
    });
    await probeOnce(server.port);
    await vi.waitFor(() => expect(ends).toEqual(['ECONNRESET']));
  });

  it('to a closed port is connect-refused', async () => {
    const port = await closedPort();
    expect(await probeOnce(port)).toEqual({
      kind: 'fail',
      reason: 'connect-refused',
      detail: `127.0.0.1:${port} refused the connection`,
    });
  });

  it('that is never answered is connect-timeout at the deadline', async () => {
    const port = await serveDeaf();
    const controller = new AbortController();
    const verdict = runProbe(createTcpProbe(tcpCheck(port)), controller.signal);
    await sleep(50);
    controller.abort();
    expect(await verdict).toMatchObject({ kind: 'fail', reason: 'connect-timeout' });
  });

  it('from an address that is not of this node is no-route', async () => {
    const { port } = await serveTcp(() => {});
    expect(await probeOnce(port, { source: address('192.0.2.1') })).toMatchObject({
      kind: 'fail',
      reason: 'no-route',
    });
  });

  it.runIf(canRunOutOfDescriptors())('without a descriptor left is inconclusive', async () => {
    const { port } = await serveTcp(() => {});
    expect(await withoutDescriptors(() => probeOnce(port))).toMatchObject({
      kind: 'inconclusive',
      reason: 'no-descriptors',
    });
    expect(await probeOnce(port)).toMatchObject({ kind: 'pass' });
  });

  it('with TLS passes after the handshake', async () => {
    const { port } = await serveTls('good', () => {});
    const tls = { ...VERIFIED, ca: readPem('ca') };
    expect(await probeOnce(port, { tls })).toEqual({
      kind: 'pass',
      detail: 'connected, TLS handshake done',
    });
  });
});

describe('what is expected', () => {
  const BANNER = { kind: 'regex', regex: /^220 / } as const;

  it('passes as soon as it has come, though the server never closes', async () => {
    const { port } = await serveTcp((socket) => socket.write('220 mail.example.org ESMTP\r\n'));
    expect(await probeOnce(port, { expect: BANNER })).toEqual({
      kind: 'pass',
      detail: 'received "220 mail.example.org ESMTP" (28 bytes)',
    });
  });

  it('is found across the pieces in which it comes', async () => {
    const { port } = await serveTcp(async (socket) => {
      for (const piece of ['+PO', 'N', 'G\r\n']) {
        socket.write(piece);
        await turnsOfTheLoop();
      }
    });
    const expected = { kind: 'text', text: '+PONG' } as const;
    expect(await probeOnce(port, { expect: expected })).toMatchObject({ kind: 'pass' });
  });

  it('is the answer to what was sent', async () => {
    const { port } = await serveTcp((socket) => {
      socket.on('data', (chunk) => socket.write(`you said ${chunk}`));
    });
    const expected = { kind: 'text', text: 'you said PING' } as const;
    expect(await probeOnce(port, { send: 'PING\r\n', expect: expected })).toMatchObject({
      kind: 'pass',
    });
  });

  it('is read over TLS', async () => {
    const { port } = await serveTls('good', (socket) => socket.write('220 hello\r\n'));
    const tls = { ...VERIFIED, ca: readPem('ca') };
    expect(await probeOnce(port, { tls, expect: BANNER })).toMatchObject({ kind: 'pass' });
  });

  it('that has not come at the close is expect-mismatch, with what came', async () => {
    const { port } = await serveTcp((socket) => socket.end('554 \u001b[31mgo away\r\n'));
    expect(await probeOnce(port, { expect: BANNER })).toEqual({
      kind: 'fail',
      reason: 'expect-mismatch',
      detail: `127.0.0.1:${port} closed the connection, received "554 [31mgo away" (18 bytes), expected /^220 /`,
    });
  });

  it('is searched in max_read_bytes only', async () => {
    const server = await serveTcp((socket) => pourForever(socket));
    const expected = { kind: 'text', text: 'y' } as const;
    expect(await probeOnce(server.port, { expect: expected, maxReadBytes: 100 })).toMatchObject({
      reason: 'expect-mismatch',
      detail: expect.stringContaining('(100 bytes), expected "y"'),
    });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('of a server that closes without an answer is connection-closed', async () => {
    const { port } = await serveTcp((socket) => socket.end());
    expect(await probeOnce(port, { expect: BANNER })).toMatchObject({
      reason: 'connection-closed',
      detail: expect.stringContaining('nothing received'),
    });
  });

  it('of a server that resets is connection-closed', async () => {
    const { port } = await serveTcp((socket) => {
      socket.on('data', () => socket.resetAndDestroy());
    });
    expect(await probeOnce(port, { send: 'PING', expect: BANNER })).toMatchObject({
      reason: 'connection-closed',
    });
  });

  it('that has not come at the deadline is read-timeout, with what came', async () => {
    const controller = new AbortController();
    const server = await serveTcp((socket) => socket.write('22'));
    const verdict = runProbe(
      createTcpProbe(tcpCheck(server.port, { expect: BANNER })),
      controller.signal,
    );
    await server.accepts(1);
    await turnsOfTheLoop();
    controller.abort();
    expect(await verdict).toEqual({
      kind: 'fail',
      reason: 'read-timeout',
      detail: `connected to 127.0.0.1:${server.port}, received "22" (2 bytes) within 500ms, expected /^220 /`,
    });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });
});

describe('what is sent', () => {
  it('arrives whole, though no answer is expected', async () => {
    let text = '';
    const server = await serveTcp((socket) => {
      socket.on('data', (chunk) => {
        text += chunk;
      });
    });
    expect(await probeOnce(server.port, { send: 'QUIT\r\n' })).toEqual({
      kind: 'pass',
      detail: '6 bytes sent',
    });
    await vi.waitFor(() => expect(server.open()).toBe(0));
    expect(text).toBe('QUIT\r\n');
  });
});

it('200 runs leak no descriptor', async () => {
  const { port } = await serveTcp((socket) => socket.write('220 hello'));
  await vi.waitFor(() => expect(socketCount()).toBe(0));
  const probes = [
    createTcpProbe(tcpCheck(port)),
    createTcpProbe(tcpCheck(port, { expect: { kind: 'text', text: '220' } })),
    createTcpProbe(tcpCheck(port, { expect: { kind: 'text', text: 'no' }, maxReadBytes: 5 })),
  ];
  for (let i = 0; i < 200; i++) {
    for (const probe of probes) await runProbe(probe);
  }
  await vi.waitFor(() => expect(socketCount()).toBe(0));
});

function probeOnce(port: number, over: Partial<TcpCheckConfig> = {}) {
  return runProbe(createTcpProbe(tcpCheck(port, over)));
}

function pourForever(socket: net.Socket): void {
  const pour = () => {
    if (!socket.destroyed) socket.write('x'.repeat(16_384), pour);
  };
  pour();
}

function socketCount(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}
