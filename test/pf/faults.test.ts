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
  test('permission answers as pfctl does for an ordinary user', async () => {
    const pf = machine({ fault: 'permission' });
    expect(await pf.run(ADD)).toMatchObject({
      code: 1,
      stdout: '',
      stderr: 'pfctl: /dev/pf: Permission denied\n',
    });
    expect(pf.table('web')).toEqual(BEFORE);
  });

  test('missing-device answers as pfctl does without pf', async () => {
    const pf = machine({ fault: 'missing-device' });
    const { code, stderr } = await pf.run(ADD);
    expect([code, stderr]).toEqual([1, 'pfctl: /dev/pf: No such file or directory\n']);
  });

  test('fail has its own exit status and text', async () => {
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

  test('skip and times select the calls', async () => {
    const pf = machine({ fault: 'fail', skip: 1, times: 2 });
    const codes = [];
    for (let i = 0; i < 5; i += 1) codes.push((await main(ADD, '', pf.env)).code);
    expect(codes).toEqual([0, 1, 1, 0, 0]);
  });

  test('on and table select the calls, and other calls are not counted', async () => {
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

  test('kill-after changes the table and prints nothing', async () => {
    const pf = machine({ fault: 'kill-after' });
    expect(await pf.run(ADD)).toMatchObject({ code: null, signal: 'SIGKILL', stderr: '' });
    expect(pf.table('web')).toEqual(AFTER);
  });

  test('silent-noop reports a change and makes none', async () => {
    const pf = machine({ fault: 'silent-noop' });
    expect(await pf.run(ADD)).toMatchObject({ code: 0, stderr: '1/1 addresses added.\n' });
    expect(pf.table('web')).toEqual(BEFORE);
  });

  test('nonsense-stdout prints megabytes and exits 0', async () => {
    const pf = machine({ fault: 'nonsense-stdout', bytes: 3_000_000 });
    const { code, stdout } = await pf.run(['-t', 'web', '-T', 'show']);
    expect([code, Buffer.byteLength(stdout)]).toEqual([0, 3_000_000]);
  });

  test('nonsense-stderr prints megabytes and exits 1', async () => {
    const pf = machine({ fault: 'nonsense-stderr' });
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

  test('slow can be combined with another fault', async () => {
    const pf = machine({ fault: 'slow', ms: 1 }, { fault: 'kill-after' });
    expect((await pf.run(ADD)).signal).toBe('SIGKILL');
    expect(pf.calls()).toMatchObject([{ faults: ['slow', 'kill-after'] }]);
  });

  test('that is unknown, or has an unknown command or key, is an error of the stand-in', async () => {
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

  test('can be set by the environment', async () => {
    const pf = machine();
    expect((await pf.run(ADD, { env: { HFM_PF_FAULT: 'permission' } })).code).toBe(1);
    const json = '[{"fault":"fail","exit":9,"on":["add"]}]';
    expect((await pf.run(ADD, { env: { HFM_PF_FAULT: json } })).code).toBe(9);
    expect((await pf.run(ADD, { env: { HFM_PF_FAULT: 'bogus' } })).code).toBe(70);
  });
});

describe.concurrent('a fault that keeps the process or its pipes', () => {
  test('hang ends by SIGTERM without a change', async () => {
    const pf = machine({ fault: 'hang' });
    expect(await ended(pf, ['SIGTERM'])).toEqual([null, 'SIGTERM']);
    expect(pf.table('web')).toEqual(BEFORE);
  });

  test('hang-after makes the change', async () => {
    const pf = machine({ fault: 'hang-after' });
    expect(await ended(pf, ['SIGTERM'])).toEqual([null, 'SIGTERM']);
    expect(pf.table('web')).toEqual(AFTER);
  });

  test('hang-ignoring-term ends by SIGKILL only', async () => {
    const pf = machine({ fault: 'hang-ignoring-term' });
    expect(await ended(pf, ['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGKILL'])).toEqual([null, 'SIGKILL']);
  });

  test('hold-pipes ends and leaves a child with stdout and stderr', async () => {
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

/** Sends the signals one by one to a call that hangs. */
async function ended(pf: Pf, signals: readonly NodeJS.Signals[]) {
  const child = spawn(pf.command, ADD, { stdio: 'ignore' });
  const exit = new Promise((resolve) =>
    child.on('exit', (code, signal) => resolve([code, signal])),
  );
  await expect.poll(() => pf.calls(), { timeout: 10_000 }).toHaveLength(1);
  for (const signal of signals) {
    // The call log has its line a moment before the signal handlers change.
    await new Promise((resolve) => setTimeout(resolve, 100));
    child.kill(signal);
  }
  return exit;
}
