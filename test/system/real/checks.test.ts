import { readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { createServer as createTlsServer, TLSSocket } from 'node:tls';
import { expect, type TestContext, test, vi } from 'vitest';
import { type Bench, openBench, type Said } from '../../checks/bench.ts';
import {
  ADDRESS,
  listen,
  openSite,
  postgresProgram,
  type Site,
  serveHttp,
  serveSsh,
} from './checks-servers.ts';

/** Each ready-made check with the real client, on the real server. */

type Env = Readonly<Record<string, string>>;
type Check = (args?: readonly string[], env?: Env) => Promise<Said>;

/** A check with only these client programs in its PATH. This machine must have all of them. */
function checkOf(context: TestContext, name: string, clients: readonly string[], env: Env): Check {
  const bench: Bench = openBench(context);
  bench.link(...clients);
  return (args = [], more = {}) =>
    bench.run(`checks/${name}`, { args, env: { HFM_ADDRESS: ADDRESS, ...env, ...more } });
}

function said(code: number, line: string | RegExp): unknown {
  return { code, stdout: expect.stringMatching(line), stderr: '' };
}

/** Waits until the check notices that a server was started or stopped. */
function becomes(what: () => Promise<Said>, code: number): Promise<void> {
  return vi.waitFor(async () => expect(await what()).toMatchObject({ code }), {
    timeout: 30_000,
    interval: 50,
  });
}

test('haproxy-stats on a HAProxy', async (context) => {
  const site = openSite(context);
  const web = await serveHttp(context);
  const socket = site.path('sock');
  const page = `http://${ADDRESS}:8404/stats;csv`;
  const file = site.write(
    'haproxy.cfg',
    `global
  stats socket ${socket} mode 600 level admin
  stats socket ipv4@${ADDRESS}:9999 level admin
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend stats
  bind ${ADDRESS}:8404
  stats enable
  stats uri /stats
backend web
  option httpchk
  server up1 ${ADDRESS}:${web.port} check inter 100ms rise 1 fall 1
  server up2 ${ADDRESS}:${web.port}
  server down1 ${ADDRESS}:1 check inter 100ms rise 1 fall 1
  server maint1 ${ADDRESS}:${web.port} disabled
backend gone
  server down1 ${ADDRESS}:1 check inter 100ms rise 1 fall 1
`,
  );
  const clients = [
    { client: 'curl', where: ['-u', page] },
    { client: 'nc', where: ['-s', socket] },
    { client: 'nc', where: ['-s', `${ADDRESS}:9999`] },
    { client: 'socat', where: ['-s', socket] },
    { client: 'socat', where: ['-s', `${ADDRESS}:9999`] },
  ].map(({ client, where }) => {
    const check = checkOf(context, 'haproxy-stats', [client], {});
    return (...args: string[]) => check([...where, ...args]);
  });
  for (const check of clients) {
    expect(await check('web')).toEqual(said(2, /^CRITICAL: no stats from /));
  }

  const haproxy = site.serve('haproxy', ['-db', '-f', file]);
  for (const check of clients) {
    await becomes(() => check('gone'), 2);
    await becomes(() => check('web', 'up1'), 0);
    expect(await check('web', 'up1')).toEqual(said(0, /^web\/up1 is UP$/m));
    expect(await check('web', 'up2')).toEqual(said(0, /^web\/up2 is no check$/m));
    await vi.waitFor(async () =>
      expect(await check('web', 'down1')).toEqual(said(2, /^CRITICAL: web\/down1 is DOWN$/m)),
    );
    expect(await check('web', 'maint1')).toEqual(said(2, /^CRITICAL: web\/maint1 is MAINT$/m));
    expect(await check('-m', '2', 'web')).toEqual(said(0, /^web is UP, 2 servers up$/m));
    expect(await check('-m', '3', 'web')).toEqual(said(2, /2 servers up, expected 3$/m));
    expect(await check('gone')).toEqual(said(2, /^CRITICAL: gone is DOWN$/m));
    expect(await check('web', 'nobody')).toEqual(said(3, /this haproxy has no web\/nobody/));
  }
  expect(
    await checkOf(context, 'haproxy-stats', ['curl'], {})(['-u', page.replace(';csv', ''), 'web']),
  ).toEqual(said(3, /is a page for people/));
  await haproxy.kill();
  for (const check of clients) expect((await check('web')).code).toBe(2);
  const none = checkOf(context, 'haproxy-stats', [], {});
  expect(await none(['-u', page, 'web'])).toEqual(said(3, /no curl, fetch or ftp/));
  expect(await none(['-s', socket, 'web'])).toEqual(said(3, /no nc or socat/));
});

test('ping, of this machine', async (context) => {
  const check = checkOf(context, 'ping', ['ping'], {});
  expect(await check(['-n', '2'])).toEqual(said(0, /^0% of 2 lost, [\d.]+ ms$/m));
  expect(await check(['-n', '1', '-a', '::1'])).toEqual(said(0, /^0% of 1 lost, [\d.]+ ms$/m));
  expect(await check(['-a', 'no.such.host.invalid'])).toEqual(said(3, /^UNKNOWN: ping: /));
  expect(await checkOf(context, 'ping', [], {})()).toEqual(said(3, /there is no ping in PATH/));

  // In a network namespace that answers no ping.
  const bench = openBench(context);
  bench.link('ping', 'unshare', 'ip');
  const deaf = 'ip link set lo up && echo 1 >/proc/sys/net/ipv4/icmp_echo_ignore_all && exec "$@"';
  const shell = ['/usr/bin/unshare', '-n', '/bin/sh', '-c', deaf, 'sh'];
  const lost = await bench.run('checks/ping', { args: ['-a', '127.0.0.1', '-n', '2'], shell });
  expect(lost).toEqual(said(2, /^100% of 2 lost$/m));
});

test('dns on a dnsmasq', async (context) => {
  const site = openSite(context);
  const env = { HFM_PORT: '5353', HFM_TIMEOUT_MS: '3000' };
  const clients = ['dig', 'drill', 'host'].map((client) => checkOf(context, 'dns', [client], env));
  for (const check of clients) {
    expect(await check(['www.example.org'])).toEqual(said(2, /^CRITICAL: no answer from /));
  }
  const dnsmasq = site.serve('dnsmasq', [
    ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--port=5353'],
    ...[`--listen-address=${ADDRESS}`, '--bind-interfaces', '--no-resolv', '--no-hosts'],
    ...['--local=/example.org/', '--host-record=www.example.org,192.0.2.10,2001:db8::10'],
    ...['--cname=alias.example.org,www.example.org', '--mx-host=example.org,mx.example.org,10'],
    '--txt-record=example.org,v=spf1 -all',
  ]);
  for (const check of clients) {
    await becomes(() => check(['www.example.org']), 0);
    expect(await check(['www.example.org', '192.0.2.10'])).toEqual(
      said(0, /^www\.example\.org A is 192\.0\.2\.10$/m),
    );
    expect((await check(['-t', 'aaaa', 'www.example.org.', '2001:DB8::10'])).code).toBe(0);
    expect((await check(['alias.example.org', '192.0.2.10'])).code).toBe(0);
    expect((await check(['-t', 'MX', 'example.org', '10 mx.example.org'])).code).toBe(0);
    expect((await check(['-t', 'TXT', 'example.org', 'v=spf1 -all'])).code).toBe(0);
    expect(await check(['www.example.org', '192.0.2.11'])).toEqual(
      said(2, /A is 192\.0\.2\.10, expected 192\.0\.2\.11$/m),
    );
    expect(await check(['no.example.org'])).toEqual(
      said(2, /says NXDOMAIN for no\.example\.org A$/m),
    );
    expect(await check(['-t', 'PTR', 'www.example.org'])).toEqual(said(2, /has no PTR for www/));
    // The server is not authoritative for this name and has no resolver to ask.
    expect(await check(['www.example.net'])).toEqual(said(2, /says REFUSED/));
  }
  await dnsmasq.kill();
  for (const check of clients) expect((await check(['www.example.org'])).code).toBe(2);
  expect(await checkOf(context, 'dns', [], env)(['www.example.org'])).toEqual(
    said(3, /no dig, drill or host/),
  );
});

test('tcp-banner on an sshd and a mail server', async (context) => {
  const site = openSite(context);
  const check = checkOf(context, 'tcp-banner', ['nc'], {
    HFM_PORT: '2222',
    HFM_TIMEOUT_MS: '2000',
  });
  expect(await check(['SSH-2.0-*'])).toEqual(said(2, /Connection refused/));
  const sshd = serveSsh(site, 2222);
  await becomes(() => check(['SSH-2.0-*']), 0);
  expect(await check(['SSH-2.0-*'])).toEqual(said(0, /^SSH-2\.0-OpenSSH/));
  expect(await check(['SSH-1.*'])).toEqual(
    said(2, /said "SSH-2\.0-OpenSSH.*", expected SSH-1\.\*/),
  );
  await sshd.kill();
  expect((await check(['SSH-2.0-*'])).code).toBe(2);

  let greeting = '220 mx.example.org ESMTP\r\n';
  const mail = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    if (greeting === 'close') socket.end();
    else socket.write(greeting);
  });
  const port = { HFM_PORT: String(await listen(mail, context)) };
  expect(await check(['220 *'], port)).toEqual(said(0, /^220 mx\.example\.org ESMTP$/m));
  greeting = '421 busy\r\n';
  expect(await check(['220 *'], port)).toEqual(said(2, /said "421 busy", expected 220 \*/));
  greeting = 'close';
  expect(await check(['220 *'], port)).toEqual(said(2, /^CRITICAL: no line from /));
  // The server accepts and stays silent: nc gives up before hfmd's deadline.
  greeting = '';
  expect(await check(['220 *'], port)).toEqual(said(2, /^CRITICAL: no line from /));
  expect(await checkOf(context, 'tcp-banner', [], port)()).toEqual(said(3, /there is no nc/));
});

test('tls-expiry on a HAProxy, a server on IPv6 and a server with STARTTLS', async (context) => {
  const site = openSite(context);
  const good = certificate(site, 'good', 10);
  const old = certificate(site, 'old', -1);
  const file = site.write(
    'haproxy.cfg',
    `defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend tls
  bind ${ADDRESS}:8443 ssl crt ${good.file}
  bind ${ADDRESS}:8444 ssl crt ${old.file}
`,
  );
  const check = checkOf(context, 'tls-expiry', ['openssl'], { HFM_PORT: '8443' });
  expect(await check()).toEqual(said(2, /no certificate from .*: Connection refused$/m));
  const haproxy = site.serve('haproxy', ['-db', '-f', file]);
  await becomes(() => check(), 0);
  expect(await check(['-s', 'www.example.org', '-w', '9', '-c', '8'])).toEqual(
    said(0, /^expires /),
  );
  expect(await check(['-w', '14', '-c', '7'])).toEqual(
    said(1, /^WARNING: fewer than 14 days left/),
  );
  expect(await check(['-w', '30', '-c', '14'])).toEqual(
    said(2, /^CRITICAL: fewer than 14 days left/),
  );
  expect(await check(['-p', '8444'])).toEqual(said(2, /^CRITICAL: expired /));
  await haproxy.kill();

  const onSix = createTlsServer({ key: good.key, cert: good.cert });
  await new Promise<void>((resolve) => onSix.listen(0, '::1', resolve));
  context.onTestFinished(() => void onSix.close());
  const six = String((onSix.address() as { port: number }).port);
  expect((await check(['-a', '::1', '-p', six])).code).toBe(0);

  const mail = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.write('220 mx.example.org ESMTP\r\n');
    socket.on('data', (chunk) => {
      const line = chunk.toString();
      if (line.startsWith('EHLO')) socket.write('250-mx.example.org\r\n250 STARTTLS\r\n');
      if (!line.startsWith('STARTTLS')) return;
      socket.removeAllListeners('data');
      socket.write('220 go ahead\r\n');
      new TLSSocket(socket, { isServer: true, key: good.key, cert: good.cert }).on('error', () => {
        socket.destroy();
      });
    });
  });
  const port = String(await listen(mail, context));
  expect((await check(['-p', port, '-t', 'smtp'])).code).toBe(0);
  expect(await check(['-p', port])).toEqual(said(2, /^CRITICAL: no certificate from /));
  expect(await checkOf(context, 'tls-expiry', [], {})()).toEqual(said(3, /there is no openssl/));
});

test('postgres on a primary and a standby', async (context) => {
  const site = openSite(context);
  const data = site.path('data');
  site.run(postgresProgram('initdb'), ['--no-sync', '-A', 'trust', '-U', 'hfm', '-D', data]);
  site.write('data/pg_hba.conf', 'host all locked all scram-sha-256\nhost all all all trust\n');
  const start = () =>
    site.serve(postgresProgram('postgres'), [
      ...['-D', data, '-p', '5432', '-k', site.folder, '-c', `listen_addresses=${ADDRESS}`],
      ...['-c', 'fsync=off', '-c', 'max_connections=10', '-c', 'shared_buffers=1MB'],
    ]);
  const login = ['-U', 'hfm', '-d', 'postgres'];
  const ready = checkOf(context, 'postgres', ['pg_isready'], {});
  const psql = checkOf(context, 'postgres', ['psql'], {});
  const mode = (expected: string) => psql([...login, '-m', expected]);
  expect(await ready()).toEqual(said(2, /^CRITICAL: .*no response$/m));
  expect(await mode('writable')).toEqual(said(2, /^CRITICAL: psql: .*refused/));

  const primary = start();
  await becomes(() => ready(), 0);
  expect(await ready()).toEqual(said(0, /accepting connections$/m));
  expect(await mode('writable')).toEqual(said(0, /5432 is writable$/m));
  expect(await mode('readonly')).toEqual(said(2, /5432 is writable, expected readonly$/m));
  expect(await psql(['-U', 'locked', '-d', 'postgres', '-m', 'writable'])).toEqual(
    said(3, /^UNKNOWN: psql: .*no password supplied$/m),
  );
  expect(await psql(['-U', 'hfm', '-d', 'nothing', '-m', 'writable'])).toEqual(
    said(3, /^UNKNOWN: psql: .*"nothing" does not exist$/m),
  );
  await primary.kill('SIGINT');

  writeFileSync(site.path('data/standby.signal'), '');
  const standby = start();
  await becomes(() => mode('readonly'), 0);
  expect(await mode('writable')).toEqual(said(2, /5432 is readonly, expected writable$/m));
  await standby.kill('SIGQUIT');
  expect((await mode('readonly')).code).toBe(2);
  const none = checkOf(context, 'postgres', [], {});
  expect(await none()).toEqual(said(3, /there is no pg_isready/));
  expect(await none(['-m', 'writable'])).toEqual(said(3, /there is no psql/));
});

test('redis on a master, a replica and a server with a password', async (context) => {
  const site = openSite(context);
  const start = (port: number, ...more: string[]) =>
    site.serve('redis-server', [
      ...['--port', String(port), '--bind', ADDRESS, '--save', '', '--dir', site.folder, ...more],
    ]);
  const clients = ['redis-cli', 'nc'].map((client) => checkOf(context, 'redis', [client], {}));
  for (const check of clients) {
    expect(await check()).toEqual(said(2, /^CRITICAL: no PONG from /));
  }
  const master = start(6379);
  start(6380, '--replicaof', ADDRESS, '6379', '--repl-diskless-sync-delay', '0');
  start(6381, '--requirepass', 'secret');
  for (const check of clients) {
    await becomes(() => check(['-r', 'master']), 0);
    expect(await check(['-r', 'master'])).toEqual(said(0, /^PONG, master$/m));
    expect(await check(['-r', 'replica'])).toEqual(said(2, /6379 is master, expected replica$/m));
    await becomes(() => check(['-p', '6380', '-r', 'replica']), 0);
    expect((await check(['-p', '6380', '-r', 'master'])).code).toBe(2);
    expect(await check(['-p', '6381'])).toEqual(said(3, /^UNKNOWN: NOAUTH/));
    expect((await check(['-p', '6381'], { REDISCLI_AUTH: 'secret' })).code).toBe(0);
    expect(await check(['-p', '6381'], { REDISCLI_AUTH: 'wrong' })).toMatchObject({ code: 3 });
  }
  await master.kill();
  for (const check of clients) {
    expect((await check()).code).toBe(2);
    await becomes(() => check(['-p', '6380', '-r', 'replica']), 1);
  }
  expect(await checkOf(context, 'redis', [], {})()).toEqual(said(3, /no redis-cli or nc/));
});

/**
 * A certificate for www.example.org that expires in `days`; `file` has the key and the certificate.
 */
function certificate(site: Site, name: string, days: number) {
  const [key, csr, cert] = ['key', 'csr', 'crt'].map((end) => site.path(`${name}.${end}`)) as [
    string,
    string,
    string,
  ];
  site.run('openssl', [
    ...['req', '-new', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'],
    ...['-subj', '/CN=www.example.org', '-keyout', key, '-out', csr],
  ]);
  const signed = ['-req', '-in', csr, '-signkey', key, '-days', String(days), '-out', cert];
  site.run('openssl', ['x509', ...signed]);
  const pem = { key: readFileSync(key, 'utf8'), cert: readFileSync(cert, 'utf8') };
  return { ...pem, file: site.write(`${name}.pem`, pem.cert + pem.key) };
}
