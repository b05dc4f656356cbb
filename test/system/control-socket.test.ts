import { statSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { connect, createServer, type Socket } from 'node:net';
import { describe, expect, test } from 'vitest';
import { aWhile, eventually, get, type Hfmd, memberByMode, openRig, type Rig } from './harness.ts';

const WEB = `[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.1')}`;

async function started(context: Parameters<typeof openRig>[0]): Promise<{ rig: Rig; hfmd: Hfmd }> {
  const rig = openRig(context);
  rig.write(WEB);
  rig.pf.setTable('web', ['10.2.1.1']);
  const hfmd = await rig.start();
  return { rig, hfmd };
}

describe.concurrent('the control socket', () => {
  test('can be used by its owner and group only', async (context) => {
    const { rig } = await started(context);
    const { mode, gid } = statSync(rig.socket);
    expect((mode & 0o777).toString(8)).toBe('660');
    expect(gid).toBe(process.getgid?.());
  });

  test('is replaced if a killed hfmd left it, and not if an hfmd serves it', async (context) => {
    const { rig, hfmd } = await started(context);
    const second = await rig.spawnHfmd().ended;
    expect(second.code).toBe(1);
    expect(second.stderr).toContain(`another hfmd serves ${rig.socket}`);
    expect(await rig.status()).toMatchObject({ pid: hfmd.pid });
    hfmd.kill('SIGKILL');
    await hfmd.ended;
    expect(statSync(rig.socket).isSocket()).toBe(true);
    const third = await rig.start();
    third.kill('SIGTERM');
    expect((await third.ended).code).toBe(0);
    expect(() => statSync(rig.socket)).toThrow(/ENOENT/);
  });

  test('never replaces another file', async (context) => {
    const rig = openRig(context);
    rig.write(WEB);
    rig.pf.setTable('web', ['10.2.1.1']);
    writeFileSync(rig.socket, 'precious');
    const { code, stderr } = await rig.spawnHfmd().ended;
    expect(code).toBe(1);
    expect(stderr).toContain(rig.socket);
    expect(statSync(rig.socket).size).toBe(8);
  });

  test('answers plain HTTP, and says what is wrong with a request', async (context) => {
    const { rig } = await started(context);
    const plain = await exchange(rig, 'GET /v1/version HTTP/1.0\r\n\r\n');
    expect(plain).toMatch(/^HTTP\/1\.1 200 OK\r\n.*"version":"\d/s);
    expect(await ask(rig, 'GET', '/v1/status?x=1')).toMatchObject({ status: 200 });
    const cases: [string, string, string | null, number, string][] = [
      ['GET', '/', null, 404, 'no such resource: /'],
      ['GET', '/v1/nonesuch', null, 404, 'no such resource'],
      ['GET', '//', null, 404, 'no such resource'],
      ['DELETE', '/v1/status', null, 405, 'DELETE'],
      ['GET', '/v1/admin', null, 405, 'GET'],
      ['POST', '/v1/admin', '{"state":', 400, 'JSON'],
      ['POST', '/v1/admin', '[]', 400, 'JSON object'],
      ['POST', '/v1/admin', '', 400, 'state: expected'],
      ['POST', '/v1/admin', '{"state":"down","names":["lb1"]}', 400, 'state: expected'],
      ['POST', '/v1/admin', '{"state":"drain","names":"lb1"}', 400, 'names: expected'],
      [
        'POST',
        '/v1/admin',
        '{"state":"drain","names":["lb1"],"for_ms":-1}',
        400,
        'for_ms: expected',
      ],
      ['POST', '/v1/admin', '{"state":"drain","names":["lb9"]}', 404, 'did you mean "lb1"'],
      ['POST', '/v1/check', '{"name":{"a":1}}', 404, 'no backend'],
      ['GET', '/v1/explain?name=__proto__', null, 404, 'no backend'],
    ];
    for (const [method, path, body, status, error] of cases) {
      const answer = await ask(rig, method, path, body);
      expect([method, path, body, answer.status]).toEqual([method, path, body, status]);
      expect(JSON.parse(answer.text)).toEqual({ error: expect.stringContaining(error) });
    }
    expect(await exchange(rig, 'nonsense\r\n\r\n')).toMatch(/^HTTP\/1\.1 400 /);
    expect((await rig.status()).backends[0]?.admin.state).toBe('ready');
  });

  test('closes the connection of an idle client after a while', async (context) => {
    const { rig } = await started(context);
    const [socket] = await many(1, rig, '');
    await eventually(() => expect(socket?.destroyed).toBe(true));
  });

  test('refuses a body of 10 MB without reading it all', async (context) => {
    const { rig } = await started(context);
    // A client that has sent 70 kB of the body gets its answer and need not send the rest.
    const head = 'POST /v1/admin HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n';
    expect(await exchange(rig, head + 'x'.repeat(70_000))).toMatch(/^HTTP\/1\.1 413 /);
    await rig.ctlOk('version');
  });
});

/** The limit in the login class `daemon` of some systems. */
const FEW_DESCRIPTORS = ['/bin/sh', '-c', 'ulimit -n 128 && exec "$@"', 'sh'];

describe('clients that misbehave leave probes punctual and the socket answering:', () => {
  const ABUSES: readonly [string, (rig: Rig) => Promise<Socket[]>][] = [
    ['500 idle ones', (rig) => many(500, rig, '')],
    ['200 with half a request', (rig) => many(200, rig, 'POST /v1/admin HTTP/1.1\r\nContent-Le')],
    [
      '100 that promise a body and send none',
      (rig) => many(100, rig, 'POST /v1/admin HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\n{'),
    ],
    [
      '100 that ask for status a hundred times and never read',
      (rig) => many(100, rig, 'GET /v1/status HTTP/1.1\r\nHost: x\r\n\r\n'.repeat(100)),
    ],
    [
      '100 followers of events that never read',
      (rig) => many(100, rig, 'GET /v1/events?follow HTTP/1.1\r\nHost: x\r\n\r\n'),
    ],
    [
      '20 that send 10 MB each',
      (rig) =>
        many(
          20,
          rig,
          `POST /v1/admin HTTP/1.1\r\nHost: x\r\nContent-Length: 10485760\r\n\r\n${'x'.repeat(10_485_760)}`,
        ),
    ],
  ];

  test.for(ABUSES)('%s', async ([, abuse], context) => {
    const rig = openRig(context);
    const [lb1, lb2] = await rig.backends('lb1', 'lb2');
    rig.write(
      `[pool.web]\ntable = "web"\n${lb1.toml({ web: '10.2.1.1' })}${lb2.toml({ web: '10.2.1.2' })}`,
      // The thread of the backends shares this busy machine: they may be late themselves.
      { defaults: { interval: '100ms', timeout: '100ms', fall: 40 }, pf: { resync: '5s' } },
    );
    rig.pf.setTable('web', ['10.2.1.1', '10.2.1.2']);
    const hfmd = await rig.startWith({ through: FEW_DESCRIPTORS });
    await eventually(async () =>
      expect((await rig.status()).backends.map(({ health }) => health)).toEqual(['up', 'up']),
    );
    const before = (await rig.status()).engine;
    const beganMs = performance.now();
    const sockets = await abuse(rig);
    for (let i = 0; i < 10; i += 1) {
      // Makes events for the followers; the socket must answer all the while.
      await setAdmin(rig, i % 2 === 0 ? 'force-up' : 'ready');
      await get(rig.socket, '/v1/status');
      await aWhile(100);
    }
    // Exit 1 if this machine is so busy that hfmd itself stalls: status names that problem.
    const status = await rig.ctl('status');
    expect(status.code).toBeLessThanOrEqual(1);
    expect(status.stdout).toMatch(/^lb1 .* up .*\nlb2 .* up /m);
    const seconds = (performance.now() - beganMs) / 1000;
    const { engine, backends, node_problems } = await rig.status();
    expect(node_problems.map(({ kind }) => kind)).not.toContain('no-descriptors');
    // Two backends with ten probes a second each; on a busy machine at least half of that.
    expect((engine.started - before.started) / seconds).toBeGreaterThan(10);
    expect(backends.map(({ health }) => health)).toEqual(['up', 'up']);
    expect(hfmd.log.filter(({ event, to }) => event === 'health' && to === 'down')).toEqual([]);
    for (const socket of sockets) socket.destroy();
    await lb1.set('closed');
    await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.2']));
  });
});

test('a socket is not replaced if its server never answers', async (context) => {
  const rig = openRig(context);
  rig.write(WEB);
  rig.pf.setTable('web', ['10.2.1.1']);
  const silent = createServer(() => {});
  await new Promise<void>((resolve) => silent.listen(rig.socket, resolve));
  expect(await rig.spawnHfmd().ended).toMatchObject({ code: 1 });
  await new Promise((resolve) => silent.close(resolve));
});

/** Connections that have sent `text` and do not read what comes back. */
function many(count: number, rig: Rig, text: string): Promise<Socket[]> {
  const open = (): Promise<Socket> =>
    new Promise((resolve, reject) => {
      const socket = connect(rig.socket);
      socket.once('error', reject);
      socket.once('connect', () => {
        socket.off('error', reject);
        // hfmd may close the connection of such a client.
        socket.on('error', () => socket.destroy());
        if (text === '') socket.resume();
        else {
          socket.pause();
          socket.write(text);
        }
        resolve(socket);
      });
    });
  return Promise.all(Array.from({ length: count }, open));
}

async function setAdmin(rig: Rig, state: string): Promise<void> {
  const body = JSON.stringify({ state, names: ['lb1'], reason: 'x'.repeat(500) });
  expect(await ask(rig, 'POST', '/v1/admin', body)).toMatchObject({ status: 200 });
}

/** Sends `text` to the socket and returns all that comes back. */
function exchange(rig: Rig, text: string): Promise<string> {
  return new Promise((resolve, reject) => {
    let received = '';
    const socket = connect(rig.socket, () => socket.write(text));
    socket.setEncoding('utf8').on('data', (chunk) => {
      received += chunk;
    });
    socket.on('end', () => resolve(received));
    socket.on('error', reject);
  });
}

interface HttpAnswer {
  readonly status: number;
  readonly text: string;
}

function ask(
  rig: Rig,
  method: string,
  path: string,
  body: string | null = null,
): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    const outgoing = request({ socketPath: rig.socket, method, path, agent: false }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve({ status: response.statusCode ?? 0, text }));
    });
    outgoing.on('error', reject);
    outgoing.end(body ?? undefined);
  });
}
