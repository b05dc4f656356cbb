import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { BackendConfig, CheckConfig, Config } from '../../src/config/config.ts';
import { loadConfig } from '../../src/config/load.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hfm-config-'));
  file = join(folder, 'hfm.toml');
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(text: string, name = 'hfm.toml'): void {
  writeFileSync(join(folder, name), text);
}

/** The configuration in `text`, which must be valid. */
function load(text: string): Config {
  write(text);
  const loaded = loadConfig(file);
  if (!loaded.ok) throw new Error(loaded.errors.join('\n'));
  return loaded.config;
}

function errors(): readonly string[] {
  const loaded = loadConfig(file);
  return loaded.ok ? [] : loaded.errors.map((line) => line.replaceAll(`${folder}/`, ''));
}

function backendOf(config: Config, name: string): BackendConfig {
  const found = config.backends.find((one) => one.name === name);
  if (found === undefined) throw new Error(`no backend ${name}`);
  return found;
}

function checkOf(config: Config, backend = 'lb1', index = 0): CheckConfig {
  const found = backendOf(config, backend).checks[index];
  if (found === undefined) throw new Error(`no check ${index} of ${backend}`);
  return found;
}

/** All kinds of sections, with programs that every system has. */
const EXAMPLE = `
[daemon]
socket       = "/var/run/hfm/hfm.sock"
socket_group = "wheel"
state_file   = "/var/db/hfm/state.json"
log_level    = "info"
max_scripts  = 32               # processes at once

[pf]
driver  = "pfctl"
pfctl   = ["/usr/bin/doas", "/sbin/pfctl"]
resync  = "5s"

[defaults]
interval      = "1s"
fast_interval = "200ms"
down_interval = "1s"
timeout       = "500ms"
rise = 2
fall = 3

[check.haproxy]
type = "http"
url  = "https://{address}/haproxy_check"
host = "www.example.org"
tls_verify = false

[pool.web]
table    = "haproxy-int-std"
anchor   = "managed-haproxy"
fallback = ["10.2.1.99"]

[pool.zing]
table = "int-zing"
min_in_service = "50%"

[backend.lb1]
address = "10.2.1.250"
checks  = ["haproxy"]
[backend.lb1.pools]
web  = ["10.2.1.251", "FD00:0::2:251"]
zing = "10.2.1.254"

[backend.tinyproxy]
address = "10.2.1.4"
checks  = [{ type = "tcp", port = 8888 }]
on_down = ["notify"]
on_up   = [{ action = "notify", args = ["{name}", "up"] }]

[action.notify]
command = ["/bin/sh", "/var/log/hfm-events"]
timeout = "10s"
`;

describe('an example with all kinds of sections', () => {
  test('loads, with every value resolved', () => {
    const config = load(EXAMPLE);
    expect(config.file).toBe(file);
    expect(config.daemon).toEqual({
      socket: '/var/run/hfm/hfm.sock',
      socketGroup: 'wheel',
      stateFile: '/var/db/hfm/state.json',
      log: { level: 'info', format: 'text' },
      maxScripts: 32,
      maxProbes: null,
    });
    expect(config.pf).toEqual({
      driver: 'pfctl',
      pfctl: ['/usr/bin/doas', '/sbin/pfctl'],
      helper: null,
      resyncMs: 5000,
    });
    expect(config.pools).toMatchObject([
      {
        name: 'web',
        table: 'haproxy-int-std',
        anchor: 'managed-haproxy',
        fallback: ['10.2.1.99'],
        floor: { kind: 'count', count: 0 },
        exclusive: false,
        create: false,
      },
      { name: 'zing', anchor: null, fallback: [], floor: { kind: 'percent', percent: 50 } },
    ]);
    expect(backendOf(config, 'lb1')).toMatchObject({
      address: '10.2.1.250',
      require: 'all',
      memberships: [
        { pool: 'web', addresses: ['10.2.1.251', 'fd00::2:251'] },
        { pool: 'zing', addresses: ['10.2.1.254'] },
      ],
      onUp: [],
      onDown: [],
    });
    expect(checkOf(config)).toMatchObject({
      name: 'haproxy',
      type: 'http',
      mode: 'check',
      url: 'https://10.2.1.250/haproxy_check',
      method: 'GET',
      host: 'www.example.org',
      statuses: [{ from: 200, to: 299 }],
      body: null,
      tls: { verify: false, ca: null, serverName: 'www.example.org' },
      keepAlive: false,
      source: null,
      rhythm: { intervalMs: 1000, fastIntervalMs: 200, downIntervalMs: 1000, timeoutMs: 500 },
      rise: 2,
      fall: 3,
      startDelayMs: 0,
    });
    expect(backendOf(config, 'tinyproxy')).toMatchObject({
      memberships: [],
      onDown: [{ name: 'notify', command: ['/bin/sh', '/var/log/hfm-events'], timeoutMs: 10_000 }],
      onUp: [{ name: 'notify', command: ['/bin/sh', '/var/log/hfm-events', 'tinyproxy', 'up'] }],
    });
  });

  test('is frozen, with everything in it', () => {
    const unfrozen = (value: unknown, path: string): string[] => {
      if (typeof value !== 'object' || value === null || value instanceof RegExp) return [];
      const own = Object.isFrozen(value) ? [] : [path];
      return [
        ...own,
        ...Object.entries(value).flatMap(([key, item]) => unfrozen(item, `${path}.${key}`)),
      ];
    };
    expect(unfrozen(load(EXAMPLE), 'config')).toEqual([]);
  });

  test('has a hash that changes with its text', () => {
    const { sha256 } = load(EXAMPLE);
    expect(sha256).toMatch(/^[0-9a-f]{64}$/);
    expect(load(EXAMPLE).sha256).toBe(sha256);
    expect(load(`${EXAMPLE}# a comment\n`).sha256).not.toBe(sha256);
  });
});

/** A valid configuration whose only backend has these lines. */
function withBackend(lines: string, rest = ''): string {
  return `${rest}
[pool.web]
table = "web"
[backend.lb1]
address = "10.0.0.1"
pools = { web = "10.0.0.1" }
${lines}`;
}

describe('defaults', () => {
  test('apply to every key that is not set', () => {
    const config = load(withBackend('checks = [{ type = "tcp", port = 80 }]'));
    expect(config.daemon).toMatchObject({
      socket: '/var/run/hfm/hfm.sock',
      stateFile: '/var/db/hfm/state.json',
      log: { level: 'info', format: 'text' },
      maxScripts: 32,
    });
    expect(config.pf).toEqual({
      driver: 'pfctl',
      pfctl: ['/sbin/pfctl'],
      helper: null,
      resyncMs: 5000,
    });
    expect(config.pools[0]).toMatchObject({ floor: { kind: 'count', count: 1 } });
    expect(checkOf(config)).toMatchObject({
      name: 'tcp',
      rise: 2,
      fall: 3,
      rhythm: { intervalMs: 1000, fastIntervalMs: 200, downIntervalMs: 1000, timeoutMs: 500 },
    });
  });

  test('of fast_interval, down_interval and timeout shrink with a short interval', () => {
    const config = load(withBackend('checks = [{ type = "tcp", port = 80, interval = "50ms" }]'));
    expect(checkOf(config).rhythm).toEqual({
      intervalMs: 50,
      fastIntervalMs: 50,
      downIntervalMs: 50,
      timeoutMs: 50,
    });
  });
});

describe('inheritance', () => {
  test('takes each key from the backend, else from the check, else from [defaults]', () => {
    const config = load(
      withBackend(
        'checks = ["tcp"]\nfall = 9\nmode = "up"',
        `
[defaults]
interval = "9s"
rise = 4
fall = 5
start_delay = "3s"
[check.tcp]
type = "tcp"
port = 80
rise = 6
fall = 7
`,
      ),
    );
    expect(checkOf(config)).toMatchObject({
      mode: 'up',
      rise: 6,
      fall: 9,
      startDelayMs: 3000,
      rhythm: { intervalMs: 9000, downIntervalMs: 9000 },
    });
  });

  test('allows a fast_interval that is shorter than the timeout', () => {
    const config = load(
      withBackend('checks = [{ type = "tcp", port = 80, fast_interval = "10ms" }]'),
    );
    expect(checkOf(config).rhythm).toMatchObject({ fastIntervalMs: 10, timeoutMs: 500 });
  });

  test('takes on_up from [defaults] unless the backend sets its own, which may be []', () => {
    const config = load(`
[defaults]
on_up = ["page"]
on_down = ["page"]
[action.page]
command = ["/bin/sh", "{name}"]
[backend.lb1]
address = "10.0.0.1"
checks = [{ type = "tcp", port = 80 }]
[backend.lb2]
address = "10.0.0.2"
checks = [{ type = "tcp", port = 80 }]
on_up = []
`);
    expect(backendOf(config, 'lb1').onUp).toMatchObject([{ command: ['/bin/sh', 'lb1'] }]);
    expect(backendOf(config, 'lb2')).toMatchObject({ onUp: [], onDown: [{ name: 'page' }] });
  });
});

describe('checks', () => {
  test('of one backend may be named and inline, each with keys of its own', () => {
    const config = load(
      withBackend(
        `require = "any"
checks = ["web", { type = "tcp", port = 22, fall = 1 }, { name = "ssh", type = "tcp", port = 22 }]
port = 8080`,
        '[check.web]\ntype = "http"\nurl = "http://{address}:{port}/{name}"\n',
      ),
    );
    expect(backendOf(config, 'lb1').require).toBe('any');
    expect(backendOf(config, 'lb1').checks.map(({ name, fall }) => [name, fall])).toEqual([
      ['web', 3],
      ['tcp', 1],
      ['ssh', 3],
    ]);
    expect(checkOf(config)).toMatchObject({ url: 'http://10.0.0.1:8080/lb1' });
  });

  test('of type http take all their keys', () => {
    const config = load(
      withBackend(`checks = [{ type = "http", url = "https://{address}:8443/health?x={y}",
  method = "HEAD", host = "www.example.org:8443", sni = "sni.example.org",
  headers = { "X-Probe" = "hfm" }, status = [200, "301-302"], keep_alive = true,
  source = "10.0.0.9", max_body = 10 }]`),
    );
    expect(checkOf(config)).toMatchObject({
      url: 'https://10.0.0.1:8443/health?x={y}',
      method: 'HEAD',
      host: 'www.example.org:8443',
      headers: { 'X-Probe': 'hfm' },
      statuses: [
        { from: 200, to: 200 },
        { from: 301, to: 302 },
      ],
      tls: { verify: true, serverName: 'sni.example.org' },
      keepAlive: true,
      source: '10.0.0.9',
      maxBodyBytes: 10,
    });
  });

  test.each([
    ['the host', 'host = "www.example.org:8443",', 'www.example.org'],
    ['nothing for an address', 'host = "10.0.0.9",', null],
    ['nothing for an IPv6 address with a port', 'host = "[fd00::1]:443",', null],
    ['nothing without a host', '', null],
  ])('send as SNI %s', (_, host, serverName) => {
    const config = load(
      withBackend(`checks = [{ type = "http", ${host} url = "https://{address}/" }]`),
    );
    expect(checkOf(config)).toMatchObject({ tls: { serverName } });
  });

  test('of type http have an IPv6 address in brackets in their URL', () => {
    const config = load(`
[pool.web]
table = "web"
[backend.lb1]
address = "FD00::1"
checks = [{ type = "http", url = "http://{address}:8080/" }]
pools = { web = "fd00::1" }
`);
    expect(checkOf(config)).toMatchObject({ url: 'http://[fd00::1]:8080/' });
  });

  test('of type http match a body by text or by regular expression', () => {
    const config = load(
      withBackend(`checks = [
  { name = "a", type = "http", url = "http://{address}/", body = "O{K" },
  { name = "b", type = "http", url = "http://{address}/", body_regex = "^OK" },
]`),
    );
    expect(checkOf(config)).toMatchObject({ body: { kind: 'text', text: 'O{K' } });
    expect(checkOf(config, 'lb1', 1)).toMatchObject({ body: { kind: 'regex', regex: /^OK/u } });
  });

  test('of type tcp take TLS, send and expect', () => {
    const config = load(
      withBackend(
        'checks = [{ type = "tcp", port = 6379, tls = true, sni = "r", send = "PING\\r\\n", expect = "+PONG" }]',
      ),
    );
    expect(checkOf(config)).toMatchObject({
      port: 6379,
      tls: { verify: true, ca: null, serverName: 'r' },
      send: 'PING\r\n',
      expect: { kind: 'text', text: '+PONG' },
    });
  });

  test('of type script take placeholders, an environment and the exit statuses of Nagios', () => {
    const config = load(
      withBackend(`port = 25
checks = [{ type = "script", command = ["/bin/sh", "-H", "{address}", "{name}:{port}", "{print $1}"],
  env = { A = "b" }, exit = "nagios", warning = "fail", unknown = "inconclusive",
  interrupt_after = "400ms", max_output = 100 }]`),
    );
    expect(checkOf(config)).toMatchObject({
      command: ['/bin/sh', '-H', '10.0.0.1', 'lb1:25', '{print $1}'],
      env: { HFM_PORT: '25', A: 'b' },
      exit: { kind: 'nagios', warning: 'fail', unknown: 'inconclusive' },
      interruptAfterMs: 400,
      maxOutputBytes: 100,
    });
  });

  test('each type says what a probe needs, what is probed, and which connections it may keep', () => {
    const config = load(
      withBackend(`port = 25
checks = [
  { type = "http", url = "http://{address}/x", method = "HEAD", keep_alive = true, watch = true },
  { type = "tcp", source = "10.0.0.9", watch = true },
  { name = "tls", type = "tcp", tls = true },
  { type = "script", command = ["/bin/sh", "-c", "exit"] },
]`),
    );
    const network = { probeKind: 'network', keepAlive: false, watch: false, source: null };
    expect(backendOf(config, 'lb1').checks).toMatchObject([
      { ...network, target: 'HEAD http://10.0.0.1/x', keepAlive: true, watch: true },
      { ...network, target: 'connect to port 25', watch: true, source: '10.0.0.9' },
      { ...network, target: 'TLS to port 25' },
      { ...network, probeKind: 'script', target: '/bin/sh -c exit' },
    ]);
  });
});

const POOL = '[pool.main]\ntable = "main"\n';
const BACKEND = `[backend.lb1]
address = "10.0.0.1"
checks = [{ type = "tcp", port = 80 }]
pools = { main = "10.0.0.1" }
`;

describe('includes', () => {
  test('are read in the order of their names, without hidden files and other names', () => {
    mkdirSync(join(folder, 'hfm.d'));
    const pool = (name: string): string => `[pool.${name}]\ntable = "${name}"\n`;
    write(pool('b'), 'hfm.d/20.toml');
    write(pool('a'), 'hfm.d/10.toml');
    write('not toml', 'hfm.d/10.toml.orig');
    write('not toml', 'hfm.d/.10.toml');
    const config = load(`include = ["hfm.d/*.toml", "hfm.d/10.toml"]\n${pool('main')}${BACKEND}`);
    expect(config.pools.map(({ name }) => name)).toEqual(['main', 'a', 'b']);
  });

  test('may hold any section', () => {
    mkdirSync(join(folder, 'hfm.d'));
    write('[daemon]\nmax_scripts = 7\n', 'hfm.d/a.toml');
    expect(load(`include = ["hfm.d/*.toml"]\n${POOL}${BACKEND}`).daemon.maxScripts).toBe(7);
  });

  test('may have a pattern that matches no file', () => {
    mkdirSync(join(folder, 'hfm.d'));
    expect(load(`include = ["hfm.d/*.toml"]\n${POOL}${BACKEND}`).pools).toHaveLength(1);
  });

  test('count for the hash of the configuration', () => {
    write('# one\n', 'more.toml');
    const { sha256 } = load(`include = ["more.toml"]\n${POOL}${BACKEND}`);
    write('# two\n', 'more.toml');
    expect(load(`include = ["more.toml"]\n${POOL}${BACKEND}`).sha256).not.toBe(sha256);
  });
});

describe('the file itself', () => {
  test('that is empty is refused: a truncated one must not empty every table', () => {
    writeFileSync(file, '');
    expect(errors()).toEqual(['hfm.toml: found no backend, expected at least one [backend.NAME]']);
  });

  test('may have a byte order mark and CRLF', () => {
    const config = load(`\ufeff${EXAMPLE.replaceAll('\n', '\r\n')}`);
    expect(config.backends).toHaveLength(2);
  });

  test('that is missing, is a folder, or has a file in its path is refused', () => {
    expect(errors()).toEqual(["hfm.toml: can't be read: no such file"]);
    mkdirSync(file);
    expect(errors()).toEqual(["hfm.toml: can't be read: it is a directory"]);
    write('', 'plain');
    const inside = loadConfig(join(folder, 'plain', 'hfm.toml'));
    expect(inside).toEqual({
      ok: false,
      errors: [`${folder}/plain/hfm.toml: can't be read: a part of its path is not a directory`],
    });
  });

  test('that hfmd may not read is refused', () => {
    writeFileSync(file, '', { mode: 0 });
    const isRoot = process.getuid?.() === 0;
    // Root may read everything, so another user has to try.
    if (isRoot) process.seteuid?.(65534);
    try {
      expect(errors()).toEqual(["hfm.toml: can't be read: permission denied"]);
    } finally {
      if (isRoot) process.seteuid?.(0);
    }
  });

  test('that is not UTF-8 is refused, also where the bytes are in a comment', () => {
    writeFileSync(file, Buffer.from('[daemon]\nlog_level = "info" # \xff\xfe\n', 'latin1'));
    expect(loadConfig(file).ok).toBe(false);
  });
});

test('a URL with a password is refused without showing the password', () => {
  write(withBackend('checks = [{ type = "http", url = "http://u:secret@{address}/" }]'));
  expect(errors()).toHaveLength(1);
  expect(errors()[0]).not.toContain('secret');
});
