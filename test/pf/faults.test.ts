import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { type Fault, openPf, type Pf } from './seed.mjs';
import { main } from './stand-in/pfctl.mjs';

const root = mkdtempSync(join(tmpdir(), 'hfm-pf-faults-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let machines = 0;

function machine(...faults: readonly Fault[]): Pf {
  machines += 1;
  const pf = openPf(join(root, String(machines)));
  pf.setTable('web', ['10.0.0.1']);
  pf.setFaults(...faults);
  return pf;
}

const ADD = ['-t', 'web', '-T', 'add', '10.0.0.2'];
const BEFORE = ['10.0.0.1'];
const AFTER = ['10.0.0.1', '10.0.0.2'];

describe.concurrent('a fault', () => {
  test('permission is the answer to an ordinary user', async () => {
    const pf = machine({ fault: 'permission' });
    expect(await pf.run(ADD)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'pfctl: /dev/pf: Permission denied\n',
    });
    expect(pf.table('web')).toEqual(BEFORE);
  });

  test('missing-device is the answer without a pf', async () => {
    const pf = machine({ fault: 'missing-device' });
    const { code, stderr } = await pf.run(ADD);
    expect([code, stderr]).toEqual([1, 'pfctl: /dev/pf: No such file or directory\n']);
  });

  test('fail has the status and the text that it says', async () => {
    const pf = machine({ fault: 'fail', exit: 255, stderr: 'pfctl: Cannot allocate memory\n' });
    const { code, stderr } = await pf.run(ADD);
    expect([code, stderr]).toEqual([255, 'pfctl: Cannot allocate memory\n']);
    expect(pf.table('web')).toEqual(BEFORE);
  });

  test('fail-once fails once', async () => {
    const pf = machine({ fault: 'fail-once' });
    expect((await pf.run(ADD)).code).toBe(1);
    expect((await pf.run(ADD)).code).toBe(0);
    expect(pf.table('web')).toEqual(AFTER);
  });

  test('skip and times choose the calls', async () => {
    const pf = machine({ fault: 'fail', skip: 1, times: 2 });
    const codes = [];
    for (let i = 0; i < 5; i += 1) codes.push((await main(ADD, '', pf.env)).code);
    expect(codes).toEqual([0, 1, 1, 0, 0]);
  });

  test('on and table choose the calls, and the others are not counted', async () => {
    const pf = machine({ fault: 'fail', on: ['delete', 'replace'], table: ['web'], times: 1 });
    const calls = [
      ADD,
      ['-t', 'www', '-T', 'replace', '10.0.0.1'],
      ['-t', 'web', '-T', 'replace', '10.0.0.1'],
      ['-t', 'web', '-T', 'delete', '10.0.0.1'],
    ];
    const codes = [];
    for (const argv of calls) codes.push((await main(argv, '', pf.env)).code);
    expect(codes).toEqual([0, 0, 1, 0]);
  });

  test('kill-before leaves the table as it was', async () => {
    const pf = machine({ fault: 'kill-before' });
    expect(await pf.run(ADD)).toMatchObject({ code: null, signal: 'SIGKILL', stderr: '' });
    expect(pf.table('web')).toEqual(BEFORE);
    expect(pf.calls()).toMatchObject([{ exit: null, faults: ['kill-before'] }]);
  });

  test('kill-after has changed the table and says nothing', async () => {
    const pf = machine({ fault: 'kill-after' });
    expect(await pf.run(ADD)).toMatchObject({ code: null, signal: 'SIGKILL', stderr: '' });
    expect(pf.table('web')).toEqual(AFTER);
  });

  test('silent-noop says done and has done nothing', async () => {
    const pf = machine({ fault: 'silent-noop' });
    expect(await pf.run(ADD)).toMatchObject({ code: 0, stderr: '1/1 addresses added.\n' });
    expect(pf.table('web')).toEqual(BEFORE);
  });

  test('babble-stdout is megabytes with exit status 0', async () => {
    const pf = machine({ fault: 'babble-stdout', bytes: 3_000_000 });
    const { code, stdout } = await pf.run(['-t', 'web', '-T', 'show']);
    expect([code, Buffer.byteLength(stdout)]).toEqual([0, 3_000_000]);
  });

  test('babble-stderr is megabytes with exit status 1', async () => {
    const pf = machine({ fault: 'babble-stderr' });
    const { code, stderr } = await pf.run(['-t', 'web', '-T', 'show']);
    expect([code, Buffer.byteLength(stderr)]).toEqual([1, 4 * 1024 * 1024]);
  });

  test('slow waits before the change', async () => {
    const pf = machine({ fault: 'slow', ms: 400 });
    const before = performance.now();
    const outcome = main(ADD, '', pf.env);
    expect(pf.table('web')).toEqual(BEFORE);
    expect((await outcome).code).toBe(0);
    expect(performance.now() - before).toBeGreaterThan(395);
    expect(pf.table('web')).toEqual(AFTER);
  });

  test('slow goes together with another one', async () => {
    const pf = machine({ fault: 'slow', ms: 1 }, { fault: 'kill-after' });
    expect((await pf.run(ADD)).signal).toBe('SIGKILL');
    expect(pf.calls()).toMatchObject([{ faults: ['slow', 'kill-after'] }]);
  });

  test('an unknown fault, command or key is loud', async () => {
    const pf = machine();
    for (const faults of [
      [{ fault: 'nonesuch' }],
      { fault: 'hang', on: ['bogus'] },
      { fault: 'hang', onn: ['add'] },
    ]) {
      writeFileSync(join(pf.folder, 'faults.json'), JSON.stringify(faults));
      const { code, stderr } = await pf.run(ADD);
      expect(code).toBe(70);
      expect(stderr).toMatch(/^pfctl stand-in: faults.json: unknown/);
    }
    expect(pf.table('web')).toEqual(BEFORE);
  });

  test('may come through the environment', async () => {
    const pf = machine();
    expect((await pf.run(ADD, { env: { HFM_PF_FAULT: 'permission' } })).code).toBe(1);
    const json = '[{"fault":"fail","exit":9,"on":["add"]}]';
    expect((await pf.run(ADD, { env: { HFM_PF_FAULT: json } })).code).toBe(9);
    expect((await pf.run(ADD, { env: { HFM_PF_FAULT: 'bogus' } })).code).toBe(70);
  });
});

describe.concurrent('a process that does not end', () => {
  test('hang dies of SIGTERM with nothing done', async () => {
    const pf = machine({ fault: 'hang' });
    expect(await ended(pf, ['SIGTERM'])).toEqual([null, 'SIGTERM']);
    expect(pf.table('web')).toEqual(BEFORE);
  });

  test('hang-after has done the change', async () => {
    const pf = machine({ fault: 'hang-after' });
    expect(await ended(pf, ['SIGTERM'])).toEqual([null, 'SIGTERM']);
    expect(pf.table('web')).toEqual(AFTER);
  });

  test('hang-ignoring-term dies of SIGKILL only', async () => {
    const pf = machine({ fault: 'hang-ignoring-term' });
    expect(await ended(pf, ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'])).toEqual([null, 'SIGKILL']);
  });

  test('hold-pipes ends and leaves a child that holds stdout and stderr', async () => {
    const pf = machine({ fault: 'hold-pipes', ms: 1000 });
    const child = spawn(pf.command, ADD);
    const events: string[] = [];
    child.on('exit', () => events.push('exit'));
    child.stdout.resume();
    child.stderr.once('data', () => events.push('stderr')).resume();
    await new Promise((resolve) => child.on('close', resolve));
    events.push('close');
    expect(events.toSorted()).toEqual(['close', 'exit', 'stderr']);
    expect(events.at(-1)).toBe('close');
    expect(pf.table('web')).toEqual(AFTER);
  });
});

/** Sends one signal after the other, once the call is known to hang. */
async function ended(pf: Pf, signals: readonly NodeJS.Signals[]) {
  const child = spawn(pf.command, ADD, { stdio: 'ignore' });
  const exit = new Promise((resolve) =>
    child.on('exit', (code, signal) => resolve([code, signal])),
  );
  await expect.poll(() => pf.calls(), { timeout: 10_000 }).toHaveLength(1);
  for (const signal of signals) {
    // The line of the log comes a moment before the handlers change.
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill(signal);
  }
  return exit;
}
