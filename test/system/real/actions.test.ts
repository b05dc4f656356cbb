import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { expect, test, vi } from 'vitest';
import { CHANGE } from '../../actions/change.ts';
import { openBench, whereIs } from '../../checks/bench.ts';
import { projectFile } from '../../docs/page.ts';
import { eventually, openRig } from '../harness.ts';
import { ADDRESS, openSite, serveHttp, serverUser, serveSsh } from './checks-servers.ts';

/** Each ready-made action with the real program, and with the environment that hfmd gives it. */

const json = (path: string): string => JSON.stringify(projectFile(path));

interface Posted {
  readonly url: string | undefined;
  readonly type: string | undefined;
  readonly body: unknown;
}

test('notify-webhook posts to a web server, by curl and by nc', async (context) => {
  const posted: Posted[] = [];
  let status = 200;
  const { port } = await serveHttp(context, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const { url, headers } = request;
    posted.push({ url, type: headers['content-type'], body: JSON.parse(text) });
    response.writeHead(status).end('no matter\n');
  });
  const env = { ...CHANGE, HFM_DETAIL: 'grüße "quoted" \\ <b> 🦩' };
  for (const client of ['curl', 'nc']) {
    const bench = openBench(context);
    bench.link(client);
    writeFileSync(bench.path('url'), `http://${ADDRESS}:${port}/hook?a=b\n`);
    const post = (...args: string[]) => bench.run('actions/notify-webhook', { args, env });
    expect(await post(`@${bench.path('url')}`)).toEqual({ code: 0, stdout: '', stderr: '' });
    expect(posted.pop()).toEqual({
      url: '/hook?a=b',
      type: 'application/json',
      body: expect.objectContaining({
        event: 'down',
        backend: 'lb1',
        detail: env.HFM_DETAIL,
        pools: ['web', 'mail'],
      }),
    });
    expect((await post('-s', `http://${ADDRESS}:${port}`)).code).toBe(0);
    expect(posted.pop()).toMatchObject({
      url: '/',
      body: { text: expect.stringContaining('grüße "quoted" \\ &lt;b&gt; 🦩 (pools: web mail') },
    });
    status = 500;
    const refused = await post(`http://${ADDRESS}:${port}/`);
    expect(refused.code).not.toBe(0);
    expect(refused.stderr).toContain('500');
    status = 200;
    const unreachable = await post(`http://${ADDRESS}:1/`);
    expect(unreachable.code).not.toBe(0);
    expect(unreachable.stderr).not.toBe('');
  }
  const { code, stderr } = await openBench(context).run('actions/notify-webhook', {
    args: [`http://${ADDRESS}:${port}/`],
    env,
  });
  expect([code, stderr]).toEqual([3, 'notify-webhook: there is no curl or nc in PATH\n']);
});

test('haproxy-drain takes a HAProxy out by its dummy server, and brings it back', async (context) => {
  const site = openSite(context);
  const socket = site.path('sock');
  const file = site.write(
    'haproxy.cfg',
    `global
  stats socket ${socket} mode 600 level admin
  stats socket ipv4@${ADDRESS}:9999 level admin
  stats socket ipv4@${ADDRESS}:9998 level user
defaults
  mode http
  timeout connect 1s
  timeout client 5s
  timeout server 5s
frontend www
  bind ${ADDRESS}:8080
  monitor-uri /haproxy_check
  monitor fail if { nbsrv(signal-down) lt 1 }
backend signal-down
  server dummy ${ADDRESS}:1
`,
  );
  const health = async (): Promise<number> =>
    (await fetch(`http://${ADDRESS}:8080/haproxy_check`)).status;
  const clients = ['nc', 'socat'].flatMap((client) => {
    const bench = openBench(context);
    bench.link(client);
    return [socket, `${ADDRESS}:9999`].map(
      (where) =>
        (event: string, ...args: string[]) =>
          bench.run('actions/haproxy-drain', {
            args: ['-s', where, ...args],
            env: { ...CHANGE, HFM_EVENT: event },
          }),
    );
  });
  for (const switchIt of clients) {
    const { code, stderr } = await switchIt('down', 'signal-down/dummy');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^haproxy-drain: /)]);
  }

  site.serve('haproxy', ['-db', '-f', file]);
  await vi.waitFor(async () => expect(await health()).toBe(200), { timeout: 20_000 });
  for (const switchIt of clients) {
    expect(await switchIt('down', 'signal-down/dummy')).toMatchObject({ code: 0, stderr: '' });
    expect(await health()).toBe(503);
    expect(await switchIt('up', 'signal-down/dummy')).toMatchObject({ code: 0, stderr: '' });
    expect(await health()).toBe(200);
    expect((await switchIt('up', 'signal-down/dummy', 'maint')).code).toBe(0);
    expect(await health()).toBe(503);
    expect((await switchIt('down', 'signal-down/dummy', 'ready')).code).toBe(0);
    expect(await health()).toBe(200);
    expect(await switchIt('down', 'signal-down/nonesuch')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('No such server'),
    });
  }
  const bench = openBench(context);
  bench.link('nc');
  const denied = await bench.run('actions/haproxy-drain', {
    args: ['-s', `${ADDRESS}:9998`, 'signal-down/dummy', 'drain'],
  });
  expect([denied.code, denied.stderr]).toEqual([1, expect.stringContaining('Permission denied')]);
  expect(await health()).toBe(200);
});

test('run-on-peer runs a command on another host, by ssh', async (context) => {
  const site = openSite(context);
  const bench = openBench(context);
  bench.link('ssh');
  const peer = `${serverUser() === null ? userInfo().username : 'postgres'}@${ADDRESS}`;
  const sshd = serveSsh(site, 2222);
  const known = bench.path('known hosts');
  writeFileSync(known, `[${ADDRESS}]:2222 ${readFileSync(site.path('host.pub'), 'utf8')}`);
  writeFileSync(bench.path('id'), readFileSync(site.path('id')), { mode: 0o600 });
  const onPeer = (command: readonly string[], hosts = known) =>
    bench.run('actions/run-on-peer', {
      args: [
        ...['-i', bench.path('id'), '-p', '2222', '-o', `UserKnownHostsFile="${hosts}"`],
        ...['-o', 'GlobalKnownHostsFile=none', peer, ...command],
      ],
      env: CHANGE,
    });
  await vi.waitFor(async () => expect(await onPeer(['true'])).toMatchObject({ code: 0 }), {
    timeout: 20_000,
    interval: 100,
  });
  const hard = "it's $(id); `id` \\n *";
  expect(await onPeer(['printf', '[%s]', hard, '', 'c d', '<lb1>'])).toEqual({
    code: 0,
    stdout: `[${hard}][][c d][<lb1>]`,
    stderr: '',
  });
  expect(await onPeer(['sh', '-c', 'echo "[$HFM_BACKEND]"; echo no >&2; exit 7'])).toEqual({
    code: 7,
    stdout: '[]\n',
    stderr: 'no\n',
  });
  // ssh refuses a peer whose host key is unknown, and asks no question.
  const stranger = await onPeer(['true'], bench.path('nothing'));
  expect([stranger.code, stranger.stderr]).toEqual([
    255,
    expect.stringContaining('Host key verification failed'),
  ]);
  await sshd.kill();
  const gone = await onPeer(['true']);
  expect([gone.code, gone.stderr]).toEqual([255, expect.stringContaining('refused')]);
  const without = openBench(context);
  const missing = await without.run('actions/run-on-peer', { args: ['peer', 'true'] });
  expect([missing.code, missing.stderr]).toEqual([3, 'run-on-peer: there is no ssh in PATH\n']);
});

test('hfmd runs the actions when a backend goes down', async (context) => {
  const rig = openRig(context);
  const bodies: unknown[] = [];
  const { port } = await serveHttp(context, async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    bodies.push(JSON.parse(text));
    response.end();
  });
  const mail = rig.path('mail');
  // hfmd's PATH for actions is fixed, so env(1) sets one with a fake sendmail.
  const bench = openBench(context);
  bench.fake('sendmail', `cat >'${mail}.new'; mv '${mail}.new' '${mail}'`);
  bench.link('mv');
  const lb1 = await rig.backend('lb1');
  const actions = ['mail', 'chat', 'log'];
  rig.write(`[pool.web]
table = "web"
[action.mail]
command = ["${whereIs('env')}", "PATH=${bench.bin}", ${json('actions/notify-mail')}, "root"]
[action.chat]
command = [${json('actions/notify-webhook')}, "http://${ADDRESS}:${port}/"]
[action.log]
command = [${json('actions/log-file')}, "${rig.path('events')}", "{name}"]
${lb1.toml({ web: '10.2.1.1' }, `on_down = ${JSON.stringify(actions)}`)}`);
  rig.pf.setTable('web', []);
  const hfmd = await rig.start();
  await eventually(() => expect(rig.pf.table('web')).toEqual(['10.2.1.1']));
  await lb1.set('closed');
  await eventually(() => expect(existsSync(rig.path('events'))).toBe(true));
  expect(readFileSync(mail, 'utf8')).toMatch(/^To: root\nSubject: \[.*\] lb1 is down\n/);
  expect(readFileSync(mail, 'utf8')).toMatch(/^reason {3}connect-refused$/m);
  expect(bodies).toEqual([
    expect.objectContaining({
      event: 'down',
      backend: 'lb1',
      reason: 'connect-refused',
      pools: ['web'],
    }),
  ]);
  await eventually(() => {
    const ended = hfmd.log.filter(({ event }) => event === 'action');
    expect(ended.map(({ action }) => action)).toEqual(actions);
    expect(ended.map(({ detail }) => detail)).toEqual(actions.map(() => 'exit 0'));
  });
});
