import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { aWhile, eventually, memberByMode } from '../system/harness.ts';
import { artefactOfFile, SYSTEMS } from './artefact.ts';
import { openService, type Service } from './service.ts';

// Each test starts several processes for each command.
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000, maxConcurrency: 4 });

const archive = artefactOfFile();

const BAD = '[pool.web]\ntabel = "web"\n';
const GOOD = `[pool.web]\ntable = "web"\n${memberByMode('lb1', '10.2.1.11')}`;

/** Gives a service a valid configuration and its table. */
function prepared(service: Service): Service {
  service.rig.pf.setTable('web', []);
  service.rig.write(GOOD);
  return service;
}

async function started(service: Service): Promise<number> {
  expect((await service.control('start')).code).toBe(0);
  await eventually(async () => expect((await service.rig.status()).pid).toBeGreaterThan(0));
  const [hfmd, ...others] = service.running();
  expect(others).toEqual([]);
  return hfmd?.pid ?? -1;
}

describe.concurrent.each(SYSTEMS)('the service on %s', (system) => {
  const open = (context: Parameters<typeof openService>[0]) =>
    prepared(openService(context, archive(), system));
  const check = system === 'OpenBSD' ? 'check' : 'status';

  test('starts once, has its status, and stops', async (context) => {
    const service = open(context);
    expect((await service.control(check)).code).toBe(1);
    const pid = await started(service);
    expect(statSync(service.rig.path('hfm')).mode & 0o777).toBe(0o755);
    expect((await service.control(check)).code).toBe(0);
    await eventually(() => expect(service.rig.pf.table('web')).toEqual(['10.2.1.11']));
    await service.control('start');
    expect(service.running().map((one) => one.pid)).toEqual([pid]);
    expect(await service.control('stop')).toMatchObject({ code: 0, stderr: '' });
    expect(service.running()).toEqual([]);
    expect((await service.control(check)).code).toBe(1);
    expect(service.rig.pf.table('web')).toEqual(['10.2.1.11']);
  });

  test('reload keeps the process and reads the configuration', async (context) => {
    const service = open(context);
    const pid = await started(service);
    service.rig.write(`${GOOD}${memberByMode('lb2', '10.2.1.12')}`);
    expect((await service.control('reload')).code).toBe(0);
    await eventually(() => expect(service.rig.pf.table('web')).toEqual(['10.2.1.11', '10.2.1.12']));
    expect(service.running().map((one) => one.pid)).toEqual([pid]);
  });

  test('restart waits for the old process, and starts a new one', async (context) => {
    const service = open(context);
    const pid = await started(service);
    expect((await service.control('restart')).code).toBe(0);
    await eventually(async () => {
      const now = (await service.rig.status()).pid;
      expect(now).not.toBe(pid);
      expect(service.running().map((one) => one.pid)).toEqual([now]);
    });
    expect(service.syslog()).not.toContain('another hfmd');
    expect((await service.control('stop')).code).toBe(0);
  });

  test('stops a version that runs node with other options', async (context) => {
    const service = open(context);
    const installed = readFileSync(service.program, 'utf8');
    writeFileSync(service.program, installed.replace(' --v8-pool-size=1', ''));
    const pid = await started(service);
    writeFileSync(service.program, installed);
    expect((await service.control('stop')).code).toBe(0);
    // pgrep does not list an ended process, which still exists until it is reaped.
    await eventually(() => expect(() => process.kill(pid, 0)).toThrow('ESRCH'));
  });

  test('refuses an invalid configuration at configtest, start, reload and restart', async (context) => {
    const service = open(context);
    service.rig.write(BAD);
    expect((await service.control('configtest')).code).toBe(1);
    expect((await service.control('start')).code).toBe(1);
    expect(service.running()).toEqual([]);
    service.rig.write(GOOD);
    expect((await service.control('configtest')).code).toBe(0);
    const pid = await started(service);
    service.rig.write(BAD);
    expect((await service.control('reload')).code).toBe(1);
    expect((await service.control('restart')).code).toBe(1);
    expect(service.running().map((one) => one.pid)).toEqual([pid]);
  });
});

describe.concurrent('the service on OpenBSD', () => {
  test('runs hfmd and its test as _hfm, and both log to daemon.info', async (context) => {
    const service = prepared(openService(context, archive(), 'OpenBSD'));
    service.set('unset hfmd_user');
    await service.control('configtest');
    expect(service.calls()).toMatch(/^_hfm daemon\.info .*\/sbin\/hfmd -n -f .*hfm\.toml$/m);
  });

  test('ignores another hfmd with another configuration', async (context) => {
    const service = prepared(openService(context, archive(), 'OpenBSD'));
    await started(service);
    service.set('hfmd_flags="-f /nowhere/hfm.toml"');
    expect((await service.control('check')).code).toBe(1);
    await service.control('stop');
    expect(service.running()).toHaveLength(1);
  });
});

describe.concurrent('the service on FreeBSD', () => {
  test('runs hfmd and its test as _hfm, and logs to daemon.info', async (context) => {
    const service = prepared(openService(context, archive(), 'FreeBSD'));
    service.set('unset hfmd_runas');
    await service.control('configtest');
    expect(service.calls()).toMatch(/^su _hfm sh -c '.*\/sbin\/hfmd -n -f .*hfm\.toml'$/m);
    service.set('hfmd_runas=$(id -un)');
    await started(service);
    expect(service.calls()).toMatch(/^daemon \S+ daemon\.info hfmd$/m);
  });

  test('stop waits until hfmd has ended, though daemon(8) does not', async (context) => {
    const service = prepared(openService(context, archive(), 'FreeBSD'));
    const pid = await started(service);
    process.kill(pid, 'SIGSTOP');
    const order: string[] = [];
    const stopping = service.control('stop').then(({ code }) => order.push(`stopped: ${code}`));
    await aWhile(3000);
    order.push('hfmd continues');
    process.kill(pid, 'SIGCONT');
    await stopping;
    expect(order).toEqual(['hfmd continues', 'stopped: 0']);
    expect(service.running()).toEqual([]);
  });

  test('restarts hfmd when it ends by itself', async (context) => {
    const service = prepared(openService(context, archive(), 'FreeBSD'));
    const pid = await started(service);
    process.kill(pid, 'SIGKILL');
    await eventually(async () => expect((await service.rig.status()).pid).not.toBe(pid));
    expect((await service.control('stop')).code).toBe(0);
    expect(service.running()).toEqual([]);
  });

  test('refuses hfmd_user and hfmd_flags, which daemon(8) would get', async (context) => {
    const service = prepared(openService(context, archive(), 'FreeBSD'));
    for (const line of ['hfmd_flags=-v', 'unset hfmd_flags; hfmd_user=root']) {
      service.set(line);
      const { code, stderr } = await service.control('start');
      expect(code).toBe(1);
      expect(stderr).toContain('set hfmd_runas and hfmd_args');
    }
    expect(service.running()).toEqual([]);
  });

  test('passes hfmd_args to hfmd', async (context) => {
    const service = prepared(openService(context, archive(), 'FreeBSD'));
    service.set('hfmd_args=-v');
    await started(service);
    expect(service.running()[0]?.command).toMatch(/hfm\.toml -v$/);
  });
});
