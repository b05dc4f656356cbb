import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import type { HttpCheckConfig } from '../../src/config/config.ts';
import { createHttpProbe } from '../../src/probes/http.ts';
import { runProbe } from '../fakes/run-probe.ts';
import { address, httpCheck } from './fixtures/checks.ts';
import {
  answering,
  closedPort,
  http200,
  onRequest,
  serveDeaf,
  serveTcp,
  turnsOfTheLoop,
} from './fixtures/servers.ts';

const ANY_STATUS = [{ from: 100, to: 599 }];

describe('an answer', () => {
  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ])('200 passes, from %s', async (host, urlHost) => {
    const { port } = await serveTcp(answering(http200()), host);
    expect(await probeOnce(`http://${urlHost}:${port}/`)).toEqual({ kind: 'pass', detail: '200' });
  });

  it('503 fails with what was expected', async () => {
    const { port } = await serveTcp(answering('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'));
    expect(await probeOnce(`http://127.0.0.1:${port}/`)).toEqual({
      kind: 'fail',
      reason: 'http-status',
      detail: 'HTTP 503, expected 200-299',
    });
  });

  it('404 passes and asks to be drained where drain_status names it, whatever the body', async () => {
    const { port } = await serveTcp(answering('HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n'));
    const verdict = await probeOnce(`http://127.0.0.1:${port}/`, {
      drainStatuses: [{ from: 404, to: 404 }],
      body: { kind: 'text', text: 'OK' },
    });
    expect(verdict).toEqual({
      kind: 'pass',
      detail: '404, asks to be drained',
      asksDrain: true,
    });
  });

  it('is judged by its own status, whatever answer the same probe had before', async () => {
    const statuses = [200, 503, 404, 200, 503];
    const answers = statuses.map((status) => `HTTP/1.1 ${status} X\r\ncontent-length: 0\r\n\r\n`);
    const { port } = await serveTcp((socket) =>
      onRequest(socket, () => socket.end(answers.shift() ?? '')),
    );
    const probe = createHttpProbe(httpCheck(`http://127.0.0.1:${port}/`));
    const details = [];
    for (const _ of statuses) details.push((await runProbe(probe)).detail);
    const [no, busy] = [404, 503].map((status) => `HTTP ${status}, expected 200-299`);
    expect(details).toEqual(['200', busy, no, '200', busy]);
  });

  it('is judged by its own check, whatever the same status means to others', async () => {
    const { port } = await serveTcp(
      answering('HTTP/1.1 503 Busy\r\ncontent-length: 4\r\n\r\nbusy'),
    );
    const busy = [{ from: 503, to: 503 }];
    const checks = [
      {},
      { statuses: busy },
      { drainStatuses: busy },
      { statuses: busy, body: { kind: 'text', text: 'up' } as const },
      {},
    ];
    const details = [];
    for (const over of checks) {
      const probe = createHttpProbe(httpCheck(`http://127.0.0.1:${port}/`, over));
      details.push((await runProbe(probe)).detail);
    }
    const refused = 'HTTP 503, expected 200-299';
    const drains = '503, asks to be drained';
    const mismatch = 'HTTP 503, but no "up" in the body of 4 bytes';
    expect(details).toEqual([refused, '503', drains, mismatch, refused]);
  });

  it('503 passes where it is among the accepted', async () => {
    const { port } = await serveTcp(answering('HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n'));
    const statuses = [
      { from: 204, to: 204 },
      { from: 500, to: 503 },
    ];
    const verdict = await probeOnce(`http://127.0.0.1:${port}/`, { statuses });
    expect(verdict).toEqual({ kind: 'pass', detail: '503' });
  });

  it('a redirect is an answer, and is not followed', async () => {
    const server = await serveTcp(
      answering('HTTP/1.1 302 Found\r\nlocation: /elsewhere\r\ncontent-length: 0\r\n\r\n'),
    );
    const statuses = [{ from: 200, to: 200 }];
    expect(await probeOnce(`http://127.0.0.1:${server.port}/`, { statuses })).toMatchObject({
      reason: 'http-status',
      detail: 'HTTP 302, expected 200',
    });
    expect(server.accepted()).toBe(1);
  });

  it('103 early hints are not the answer', async () => {
    const { port } = await serveTcp(
      answering(`HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\n${http200()}`),
    );
    expect(await probeOnce(`http://127.0.0.1:${port}/`)).toEqual({ kind: 'pass', detail: '200' });
  });

  it('decides at the headers and closes, where no body is searched', async () => {
    const server = await serveTcp(
      answering('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n', () => {}),
    );
    const verdict = await probeOnce(`http://127.0.0.1:${server.port}/`);
    expect(verdict).toEqual({ kind: 'pass', detail: '200' });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });
});

describe('the request', () => {
  it('carries the path, the host of the URL, a user agent, and closes', async () => {
    const { head, port } = await requestOf({}, '/haproxy_check?a=b');
    expect(head).toMatch(/^GET \/haproxy_check\?a=b HTTP\/1\.1\r\n/);
    expect(head).toMatch(new RegExp(`\r\nhost: 127\\.0\\.0\\.1:${port}(\r\n|$)`, 'i'));
    expect(head).toMatch(/\r\nuser-agent: hfm(\r\n|$)/i);
    expect(head).toMatch(/\r\nconnection: close(\r\n|$)/i);
  });

  it('carries the configured host apart from the address', async () => {
    const { head } = await requestOf({ host: 'www.example.org' });
    expect(head.match(/^host:.*$/gim)).toEqual(['host: www.example.org']);
  });

  it('carries extra headers, which may replace the user agent', async () => {
    const { head } = await requestOf({ headers: { 'X-Probe': 'yes', 'User-Agent': 'relayd' } });
    expect(head).toMatch(/\r\nx-probe: yes(\r\n|$)/i);
    expect(head.match(/^user-agent:.*$/gim)).toEqual(['user-agent: relayd']);
  });

  it('is a HEAD where the check says so', async () => {
    const { head, verdict } = await requestOf({ method: 'HEAD' });
    expect(head).toMatch(/^HEAD \/ /);
    expect(verdict.kind).toBe('pass');
  });

  it.runIf(process.platform === 'linux')('leaves from the source address', async () => {
    let from: string | undefined;
    const { port } = await serveTcp((socket) => {
      from = socket.remoteAddress;
      answering(http200())(socket);
    });
    await probeOnce(`http://127.0.0.1:${port}/`, { source: address('127.0.0.3') });
    expect(from).toBe('127.0.0.3');
  });

  it('from a source address that is not of this node is no-route, and says so', async () => {
    const { port } = await serveTcp(answering(http200()));
    const source = address('192.0.2.1');
    expect(await probeOnce(`http://127.0.0.1:${port}/`, { source })).toMatchObject({
      kind: 'fail',
      reason: 'no-route',
      detail: expect.stringContaining('192.0.2.1'),
    });
  });

  it('that undici refuses to send is a fault of hfm, not of the backend', async () => {
    const server = await serveTcp(answering(http200()));
    const headers = { 'transfer-encoding': 'chunked' };
    expect(await probeOnce(`http://127.0.0.1:${server.port}/`, { headers })).toMatchObject({
      kind: 'inconclusive',
      reason: 'internal-error',
    });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });
});

describe('the body', () => {
  const HEADERS = 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\n\r\n';

  it('is searched across the pieces in which it comes', async () => {
    const { port } = await serveTcp(
      answering(`${HEADERS}all is wé`, async (socket) => {
        await turnsOfTheLoop();
        socket.end('ll here');
      }),
    );
    const body = { kind: 'text', text: 'wéll' } as const;
    expect(await probeOnce(`http://127.0.0.1:${port}/`, { body })).toMatchObject({ kind: 'pass' });
  });

  it('without the text fails and says how much was searched', async () => {
    const { port } = await serveTcp(answering(http200('maintenance')));
    const body = { kind: 'text', text: 'ready' } as const;
    expect(await probeOnce(`http://127.0.0.1:${port}/`, { body })).toEqual({
      kind: 'fail',
      reason: 'body-mismatch',
      detail: 'HTTP 200, but no "ready" in the body of 11 bytes',
    });
  });

  it('is not searched where the status is wrong', async () => {
    const { port } = await serveTcp(answering('HTTP/1.1 500 No\r\ncontent-length: 2\r\n\r\nok'));
    const body = { kind: 'text', text: 'ok' } as const;
    expect(await probeOnce(`http://127.0.0.1:${port}/`, { body })).toMatchObject({
      reason: 'http-status',
    });
  });

  it('is matched by a regex as a whole, however TCP cut it', async () => {
    const { port } = await serveTcp(
      answering(`${HEADERS}ready`, async (socket) => {
        await turnsOfTheLoop();
        socket.end(' in ten minutes');
      }),
    );
    const body = { kind: 'regex', regex: /^ready$/ } as const;
    expect(await probeOnce(`http://127.0.0.1:${port}/`, { body })).toMatchObject({
      reason: 'body-mismatch',
      detail: 'HTTP 200, but no /^ready$/ in the body of 20 bytes',
    });
  });

  it('is matched the same in each run by a /g regex, which keeps its position', async () => {
    const { port } = await serveTcp(answering(http200('ready')));
    const check = httpCheck(`http://127.0.0.1:${port}/`, {
      body: { kind: 'regex', regex: /ready/g },
    });
    const probe = createHttpProbe(check);
    const kinds = [];
    for (let i = 0; i < 4; i++) kinds.push((await runProbe(probe)).kind);
    expect(kinds).toEqual(['pass', 'pass', 'pass', 'pass']);
  });

  it('is searched up to max_body_bytes, by a regex too, without waiting for the rest', async () => {
    const seen: number[] = [];
    const regex = /needle/;
    regex[Symbol.search] = (text) => {
      seen.push(text.length);
      return text.indexOf('needle');
    };
    const server = await serveTcp(answering(HEADERS, (socket) => pourForever(socket, 'x')));
    const verdict = await probeOnce(`http://127.0.0.1:${server.port}/`, {
      body: { kind: 'regex', regex },
      maxBodyBytes: 1000,
    });
    expect(verdict).toMatchObject({
      reason: 'body-mismatch',
      detail: expect.stringContaining('in the first 1000 bytes of the body'),
    });
    expect(seen).toEqual([1000]);
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('that never ends passes as soon as the text is there', async () => {
    const server = await serveTcp(
      answering(`${HEADERS}ready`, (socket) => pourForever(socket, 'x')),
    );
    const verdict = await probeOnce(`http://127.0.0.1:${server.port}/`, {
      body: { kind: 'text', text: 'ready' },
      maxBodyBytes: 2 ** 40,
    });
    expect(verdict).toEqual({ kind: 'pass', detail: '200' });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('cut off by the server fails', async () => {
    const { port } = await serveTcp(
      answering('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nonly this'),
    );
    const body = { kind: 'text', text: 'ready' } as const;
    expect(await probeOnce(`http://127.0.0.1:${port}/`, { body })).toMatchObject({
      reason: 'connection-closed',
      detail: expect.stringContaining('after HTTP 200, inside the body'),
    });
  });
});

describe('a server that breaks the protocol', () => {
  it.each([
    ['garbage', 'SSH-2.0-OpenSSH_9.9\r\n'],
    ['binary', '\u0000\u0001\u0002\r\n\r\n'],
    ['an upgrade that nobody asked for', 'HTTP/1.1 101 Switching Protocols\r\n\r\n'],
    ['a wrong length', 'HTTP/1.1 200 OK\r\ncontent-length: minus one\r\n\r\n'],
    ['endless headers', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`],
  ])('%s is a protocol error', async (_what, answer) => {
    const { port } = await serveTcp(answering(answer));
    const verdict = await probeOnce(`http://127.0.0.1:${port}/`, { statuses: ANY_STATUS });
    expect(verdict).toMatchObject({ kind: 'fail', reason: 'protocol-error' });
    expect(verdict.detail).not.toContain('\n');
  });

  it('closing at once is connection-closed', async () => {
    const { port } = await serveTcp((socket) => socket.end());
    expect(await probeOnce(`http://127.0.0.1:${port}/`)).toMatchObject({
      kind: 'fail',
      reason: 'connection-closed',
    });
  });

  it('resetting the connection is connection-closed', async () => {
    const { port } = await serveTcp((socket) => {
      onRequest(socket, () => socket.resetAndDestroy());
    });
    expect(await probeOnce(`http://127.0.0.1:${port}/`)).toMatchObject({
      kind: 'fail',
      reason: 'connection-closed',
    });
  });

  it.each([
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '[::1]'],
  ])('not listening on %s is connect-refused', async (host, urlHost) => {
    const port = await closedPort(host);
    expect(await probeOnce(`http://${urlHost}:${port}/`)).toEqual({
      kind: 'fail',
      reason: 'connect-refused',
      detail: `${urlHost}:${port} refused the connection`,
    });
  });
});

describe('at the deadline', () => {
  it('a connection that was never made is connect-timeout', async () => {
    const port = await serveDeaf();
    const controller = new AbortController();
    const verdict = runProbe(
      createHttpProbe(httpCheck(`http://127.0.0.1:${port}/`)),
      controller.signal,
    );
    await sleep(50);
    controller.abort();
    expect(await verdict).toEqual({
      kind: 'fail',
      reason: 'connect-timeout',
      detail: `no connection to 127.0.0.1:${port} within 500ms`,
    });
  });

  it('silence is read-timeout with nothing received', async () => {
    const asked = event();
    const server = await serveTcp((socket) => onRequest(socket, asked.happen));
    const verdict = await probeUntil(asked.happened, `http://127.0.0.1:${server.port}/`);
    expect(verdict).toEqual({
      kind: 'fail',
      reason: 'read-timeout',
      detail: `connected to 127.0.0.1:${server.port}, but nothing received within 500ms`,
    });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('half a header is read-timeout and says so', async () => {
    const written = event();
    const { port } = await serveTcp(answering('HTTP/1.1 200 OK\r\nser', written.happen));
    expect(await probeUntil(written.happened, `http://127.0.0.1:${port}/`)).toMatchObject({
      reason: 'read-timeout',
      detail: expect.stringContaining('no complete headers received within 500ms'),
    });
  });

  it('headers without the body are read-timeout, with the bytes that came', async () => {
    const written = event();
    const { port } = await serveTcp(
      answering('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf of', written.happen),
    );
    const verdict = await probeUntil(written.happened, `http://127.0.0.1:${port}/`, {
      body: { kind: 'text', text: 'whole' },
    });
    expect(verdict).toEqual({
      kind: 'fail',
      reason: 'read-timeout',
      detail: 'HTTP 200, but no end of the body within 500ms (7 bytes came)',
    });
  });

  it('a byte at a time for ever is read-timeout', async () => {
    const dripped = event();
    let bytes = 0;
    const server = await serveTcp(
      answering('HTTP/1.1 200 OK\r\n\r\n', async (socket) => {
        while (!socket.destroyed) {
          socket.write('.');
          bytes += 1;
          if (bytes === 20) dripped.happen();
          await turnsOfTheLoop(1);
        }
      }),
    );
    const verdict = await probeUntil(dripped.happened, `http://127.0.0.1:${server.port}/`, {
      body: { kind: 'text', text: 'never' },
    });
    expect(verdict).toMatchObject({ reason: 'read-timeout' });
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('the verdict comes in the same turn of the event loop', async () => {
    const asked = event();
    const { port } = await serveTcp((socket) => onRequest(socket, asked.happen));
    const controller = new AbortController();
    let kind: string | null = null;
    void runProbe(createHttpProbe(httpCheck(`http://127.0.0.1:${port}/`)), controller.signal).then(
      (verdict) => {
        kind = verdict.kind;
      },
    );
    await asked.happened;
    controller.abort();
    await new Promise((resolve) => process.nextTick(() => process.nextTick(resolve)));
    expect(kind).toBe('fail');
  });
});

describe('connections', () => {
  it('are new for each run', async () => {
    const server = await serveTcp(answering(http200(), () => {}));
    const probe = createHttpProbe(httpCheck(`http://127.0.0.1:${server.port}/`));
    for (let run = 1; run <= 5; run++) {
      expect(await runProbe(probe)).toEqual({ kind: 'pass', detail: '200' });
      expect(server.accepted()).toBe(run);
    }
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('that end badly do not affect the next run', async () => {
    let connection = 0;
    const endings = [
      answering('garbage\r\n\r\n'),
      answering('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nab'),
      answering(http200()),
    ];
    const { port } = await serveTcp((socket) => endings[connection++ % 3]?.(socket));
    const body = { kind: 'text', text: 'ok' } as const;
    const probe = createHttpProbe(httpCheck(`http://127.0.0.1:${port}/`, { body }));
    const reasons = [];
    for (let i = 0; i < 6; i++) {
      const verdict = await runProbe(probe);
      reasons.push(verdict.kind === 'pass' ? 'pass' : verdict.reason);
    }
    const round = ['protocol-error', 'connection-closed', 'pass'];
    expect(reasons).toEqual([...round, ...round]);
  });

  it('leak no descriptor in 200 runs, whatever their verdict', async () => {
    let connection = 0;
    const endings = [
      answering(http200()),
      answering('garbage\r\n\r\n'),
      answering('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nab', () => {}),
      (socket: { resetAndDestroy(): unknown }) => socket.resetAndDestroy(),
    ];
    const { port } = await serveTcp((socket) => endings[connection++ % endings.length]?.(socket));
    const probe = createHttpProbe(httpCheck(`http://127.0.0.1:${port}/`));
    const refused = createHttpProbe(httpCheck(`http://127.0.0.1:${await closedPort()}/`));
    await vi.waitFor(() => expect(socketCount()).toBe(0));
    for (let i = 0; i < 200; i++) {
      await runProbe(probe);
      await runProbe(refused);
    }
    expect(connection).toBe(200);
    await vi.waitFor(() => expect(socketCount()).toBe(0));
  });
});

describe('keep_alive', () => {
  it('sends the next request on the same connection', async () => {
    const server = await serveTcp(answering(http200(), () => {}));
    const probe = createKeepAlive(server.port);
    for (let i = 0; i < 5; i++) expect(await runProbe(probe)).toMatchObject({ kind: 'pass' });
    expect(server.accepted()).toBe(1);
    probe.close();
    probe.close();
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('keeps the connection for as long as the server does', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    const server = await serveTcp(answering(http200('ok', 'keep-alive: timeout=5\r\n'), () => {}));
    const probe = createKeepAlive(server.port);
    for (let i = 0; i < 3; i++) {
      expect(await runProbe(probe)).toMatchObject({ kind: 'pass' });
      await vi.advanceTimersByTimeAsync(3_600_000);
      await turnsOfTheLoop();
    }
    expect(server.accepted()).toBe(1);
    probe.close();
  });

  it('connects anew when the server has closed the idle connection', async () => {
    const server = await serveTcp(answering(http200(), (socket) => socket.end()));
    const probe = createKeepAlive(server.port);
    for (let run = 1; run <= 3; run++) {
      expect(await runProbe(probe)).toMatchObject({ kind: 'pass' });
      await vi.waitFor(() => expect(server.open()).toBe(0));
      expect(server.accepted()).toBe(run);
    }
    probe.close();
  });

  it('sends the request again when the close met it on its way', async () => {
    const server = await serveTcp((socket) => {
      let requests = 0;
      onRequest(socket, () => {
        requests += 1;
        if (requests === 1) socket.write(http200());
        else socket.resetAndDestroy();
      });
    });
    const probe = createKeepAlive(server.port);
    expect(await runProbe(probe)).toMatchObject({ kind: 'pass' });
    expect(await runProbe(probe)).toMatchObject({ kind: 'pass' });
    expect(server.accepted()).toBe(2);
    probe.close();
  });

  it('does not wait for a body that is not searched, and does not reuse its connection', async () => {
    const server = await serveTcp(
      answering('HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nab', () => {}),
    );
    const probe = createKeepAlive(server.port);
    for (let run = 1; run <= 3; run++) {
      expect(await runProbe(probe)).toMatchObject({ kind: 'pass' });
      expect(server.accepted()).toBe(run);
    }
    probe.close();
    await vi.waitFor(() => expect(server.open()).toBe(0));
  });

  it('drops a connection whose answer is too long to read to its end', async () => {
    const server = await serveTcp(
      answering('HTTP/1.1 200 OK\r\n\r\n', (socket) => pourForever(socket, 'x')),
    );
    const probe = createKeepAlive(server.port);
    expect(await runProbe(probe)).toMatchObject({ kind: 'pass' });
    await vi.waitFor(() => expect(server.open()).toBe(0));
    probe.close();
  });

  function createKeepAlive(port: number) {
    return createHttpProbe(httpCheck(`http://127.0.0.1:${port}/`, { keepAlive: true }));
  }
});

function probeOnce(url: string, over: Partial<HttpCheckConfig> = {}) {
  return runProbe(createHttpProbe(httpCheck(url, over)));
}

/** Runs a probe whose deadline comes soon after something happened at the server. */
async function probeUntil(
  happened: Promise<void>,
  url: string,
  over: Partial<HttpCheckConfig> = {},
) {
  const controller = new AbortController();
  const verdict = runProbe(createHttpProbe(httpCheck(url, over)), controller.signal);
  await happened;
  await turnsOfTheLoop();
  controller.abort();
  return verdict;
}

async function requestOf(over: Partial<HttpCheckConfig>, path = '/') {
  let head = '';
  const { port } = await serveTcp((socket) => {
    onRequest(socket, (text) => {
      head = text;
      socket.end('HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n');
    });
  });
  const verdict = await probeOnce(`http://127.0.0.1:${port}${path}`, over);
  return { head, port, verdict };
}

function pourForever(
  socket: { destroyed: boolean; write(text: string, then: () => void): unknown },
  char: string,
): void {
  const text = char.repeat(16_384);
  const pour = () => {
    if (!socket.destroyed) socket.write(text, pour);
  };
  pour();
}

function event() {
  let happen = () => {};
  const happened = new Promise<void>((resolve) => {
    happen = () => resolve();
  });
  return { happened, happen: () => happen() };
}

function socketCount(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}
