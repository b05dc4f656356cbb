import { accessSync, constants } from 'node:fs';
import { createServer, type Socket } from 'node:net';
import { expect, test } from 'vitest';
import { projectFile } from '../../docs/page.ts';
import { eventually, openRig, type Rig } from '../harness.ts';
import { ADDRESS, listen, openSite, serveHttp, serveSsh } from './checks-servers.ts';

const PLUGINS = '/usr/lib/nagios/plugins';

async function lastOf(rig: Rig): Promise<Record<string, unknown>> {
  const { backends } = await rig.status();
  return Object.fromEntries(
    backends.map(({ name, health, checks: [check] }) => [
      name,
      { health, verdict: check?.last?.verdict, detail: check?.last?.detail },
    ]),
  );
}

test("hfmd runs Debian's monitoring plugins as they are, and ready-made checks", async (context) => {
  const rig = openRig(context);
  const site = openSite(context);
  const http = await serveHttp(context);
  const open = new Set<Socket>();
  const smtp = createServer((socket) => {
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.write('220 mx.example.org ESMTP\r\n');
  });
  const smtpPort = await listen(smtp, context);
  context.onTestFinished(() => {
    for (const socket of open) socket.destroy();
  });
  const sshd = serveSsh(site, 2222);
  // check_dns can ask port 53 only. Only root may bind it, so dnsmasq starts as root and changes
  // its user.
  const dnsmasq = site.serve(
    'dnsmasq',
    [
      ...['--keep-in-foreground', '--conf-file=/dev/null', '--pid-file=', '--user=postgres'],
      ...[`--listen-address=${ADDRESS}`, '--bind-interfaces', '--no-resolv', '--no-hosts'],
      '--local=/example.org/',
      '--host-record=www.example.org,192.0.2.10',
    ],
    { asRoot: true },
  );
  const commands = {
    check_http: ['-I', '{address}', '-p', String(http.port), '-t', '5'],
    check_tcp: ['-H', '{address}', '-p', String(smtpPort), '-e', '220 ', '-t', '5'],
    check_ssh: ['-p', '2222', '-t', '5', '{address}'],
    check_dns: ['-H', 'www.example.org', '-s', '{address}', '-a', '192.0.2.10', '-t', '5'],
    check_ping: ['-H', '{address}', '-w', '500,50%', '-c', '1000,90%', '-p', '1', '-t', '5'],
  };
  for (const plugin of Object.keys(commands)) accessSync(`${PLUGINS}/${plugin}`, constants.X_OK);
  const programs = [
    ...Object.entries(commands).map(([name, args]) => [name, `${PLUGINS}/${name}`, ...args]),
    ['banner', projectFile('checks/tcp-banner'), '-p', String(smtpPort), '220 *'],
    ['dns', projectFile('checks/dns'), 'www.example.org', '192.0.2.10'],
    ['ping', projectFile('checks/ping'), '-n', '1'],
    ['switch', projectFile('checks/file-switch'), rig.path('{name}.out')],
    // Is inconclusive: the folder that it looks into is missing.
    ['unknown', projectFile('checks/file-switch'), rig.path('missing/{name}.out')],
  ];
  const sections = programs.map(
    ([name, ...command], i) => `[backend.${name}]
address = "${ADDRESS}"
checks = [{ name = "script", type = "script", command = ${JSON.stringify(command)}, exit = "nagios", unknown = "inconclusive" }]
pools = { web = "10.2.1.${i + 1}" }
`,
  );
  rig.write(`[pool.web]\ntable = "web"\nfallback = "10.2.1.99"\n${sections.join('')}`, {
    defaults: { timeout: '6s', interval: '6s', fast_interval: '300ms', down_interval: '6s' },
  });
  rig.pf.setTable('web', []);
  const hfmd = await rig.start();
  const up = programs.slice(0, -1).map((_, i) => `10.2.1.${i + 1}`);
  await eventually(
    () => expect([...(rig.pf.table('web') ?? [])].sort()).toEqual(up.sort()),
    60_000,
  );
  const passes = (detail: RegExp) => ({
    health: 'up',
    verdict: 'pass',
    detail: expect.stringMatching(detail),
  });
  // The detail leaves out the performance data after the |.
  expect(await lastOf(rig)).toEqual({
    check_http: passes(/^HTTP OK: [^|]*$/),
    check_tcp: passes(/^TCP OK - [^|]*$/),
    check_ssh: passes(/^SSH OK - OpenSSH[^|]*$/),
    check_dns: passes(/^DNS OK: [^|]*192\.0\.2\.10[^|]*$/),
    check_ping: passes(/^PING OK - [^|]*$/),
    banner: passes(/^220 mx\.example\.org ESMTP$/),
    dns: passes(/^www\.example\.org A is 192\.0\.2\.10$/),
    ping: passes(/^0% of 1 lost/),
    switch: passes(/^in: there is no /),
    unknown: {
      health: 'unknown',
      verdict: 'inconclusive',
      detail: expect.stringMatching(/^exit 3: UNKNOWN: can not look into /),
    },
  });

  http.server.close();
  http.server.closeAllConnections();
  smtp.close();
  for (const socket of open) socket.destroy();
  await Promise.all([sshd.kill(), dnsmasq.kill()]);
  const left = ['check_ping', 'ping', 'switch'].map(
    (name) => `10.2.1.${programs.findIndex(([one]) => one === name) + 1}`,
  );
  await eventually(
    () => expect([...(rig.pf.table('web') ?? [])].sort()).toEqual(left.sort()),
    60_000,
  );
  const last = await lastOf(rig);
  const fails = (detail: RegExp) => ({
    health: 'down',
    verdict: 'fail',
    detail: expect.stringMatching(detail),
  });
  expect(last).toMatchObject({
    check_http: fails(/^exit 2: .*refused/),
    check_tcp: fails(/^exit 2: .*refused/),
    check_ssh: fails(/^exit 2: .*refused/),
    check_dns: fails(/^exit 2: .*DNS/),
    banner: fails(/^exit 2: CRITICAL: .*refused/),
    dns: fails(/^exit 2: CRITICAL: no answer from /),
  });
  expect(hfmd.child.exitCode).toBe(null);
});
