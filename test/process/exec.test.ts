import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ExecRequest, ExecResult } from '../../src/process/exec.ts';
import { systemExec } from '../../src/process/system-exec.ts';
import { canRunOutOfDescriptors, withoutDescriptors } from './fixtures/descriptors.ts';
import { fixture, isAlive, output, request, signalsOf } from './processes.ts';
import { holdsForScripts } from './script-contract.ts';

/** Pipes of the test runner itself. */
const OWN_PIPES = pipeCount();

/** Processes that a test let escape on purpose. */
const escaped: number[] = [];

afterEach(() => {
  for (const pid of escaped.splice(0)) process.kill(pid, 'SIGKILL');
});

describe('systemExec', () => holdsForScripts(systemExec));

describe('stdin', () => {
  it('is read', async () => {
    expect(await run({ argv: ['/bin/cat'], stdin: 'héllo' })).toMatchObject({ stdout: 'héllo' });
  });

  it('that is not read is not an error', async () => {
    expect(await sh('exit 0', { stdin: 'x'.repeat(1_000_000) })).toMatchObject({
      kind: 'exited',
      code: 0,
    });
  });

  it('that is not read does not delay the result', async () => {
    const result = await sh('sleep 60', { stdin: 'x'.repeat(1_000_000), timeoutMs: 200 });
    expect(result.kind).toBe('timed-out');
  });
});

describe('a process whose children are watched', () => {
  const runaway = async (arg: string, timeoutMs: number) => {
    const argv = [process.execPath, fixture('runaway.mjs'), arg];
    const result = await run({ argv, watchesChildren: true, timeoutMs });
    escaped.push(Number(output(result).stdout));
    return result;
  };

  it('is seen to leave a child in another session that has closed the pipes', async () => {
    const result = await runaway('mute', 20_000);
    expect(result).toMatchObject({ kind: 'exited', code: 0, left: 'out-of-reach' });
    expect(await sh('exit 0', { watchesChildren: true })).not.toHaveProperty('left');
  });

  it('is seen to leave one at the deadline too', async () => {
    expect(await runaway('stay', 1000)).toMatchObject({ kind: 'timed-out', left: 'out-of-reach' });
  });
});

describe('hfmd itself', () => {
  it.each([
    ['a timer', (run: () => void) => setTimeout(run, 1)],
    [
      'a read',
      (run: () => void) =>
        void connection().then(({ near, far, close }) => {
          far.on('data', () => {
            close();
            run();
          });
          near.write('go');
        }),
    ],
  ])('reads between two starts that come from %s', async (_, ask) => {
    const { near, far, close } = await connection();
    const seen: string[] = [];
    far.on('data', (text: Buffer) => seen.push(`read ${text}`));
    const onStart = () => {
      seen.push('start');
      near.write('a');
    };
    subscribe('child_process', onStart);
    await new Promise((resolve) => {
      ask(() => {
        const starts = [1, 2, 3].map(() => run({ argv: ['/bin/echo'] }));
        resolve(Promise.all(starts));
      });
    });
    unsubscribe('child_process', onStart);
    close();
    expect(seen.slice(0, 5)).toEqual(['start', 'read a', 'start', 'read a', 'start']);
  });

  it('keeps no zombie and no descriptor, 50 times', async () => {
    for (let i = 0; i < 50; i++) await sh('echo out; echo err >&2', { stdin: 'x' });
    await vi.waitFor(() => expect([processCount(), pipeCount()]).toEqual([0, OWN_PIPES]));
  });

  it('closes the pipes that a child in another session holds', async () => {
    const result = await run({ argv: [process.execPath, fixture('runaway.mjs')] });
    escaped.push(Number(output(result).stdout));
    await vi.waitFor(() => expect(pipeCount()).toBe(OWN_PIPES));
  });

  it('does not wait for a process that it may not kill', async () => {
    const kill = vi.spyOn(process, 'kill').mockImplementation(() => {
      throw Object.assign(new Error('kill EPERM'), { code: 'EPERM' });
    });
    const result = await sh('echo $$; sleep 60', { timeoutMs: 100 });
    kill.mockRestore();
    escaped.push(-Number(output(result).stdout));
    expect(result.kind).toBe('timed-out');
    await vi.waitFor(() => expect(pipeCount()).toBe(OWN_PIPES));
    expect(isAlive(Number(output(result).stdout))).toBe(true);
  });

  it('does not interrupt a process that has ended', async () => {
    const kill = vi.spyOn(process, 'kill');
    await sh('exit 0', { interruptAfterMs: 50 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(signalsOf(kill)).toEqual([]);
    kill.mockRestore();
  });

  it.runIf(canRunOutOfDescriptors())(
    'gets a result when descriptors run out, and lives on',
    async () => {
      const result = await withoutDescriptors(() => run({ argv: ['/bin/echo'] }));
      expect(result).toMatchObject({ kind: 'not-started', code: 'EMFILE' });
      expect(await run({ argv: ['/bin/echo'] })).toMatchObject({ kind: 'exited', code: 0 });
    },
  );
});

function run(over: Partial<ExecRequest>): Promise<ExecResult> {
  return systemExec(request(over));
}

function sh(script: string, over: Partial<ExecRequest> = {}): Promise<ExecResult> {
  return run({ argv: ['/bin/sh', '-c', script], ...over });
}

function processCount(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;
}

function pipeCount(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length;
}

/** Two ends in this process; what one writes the other can read at once. */
async function connection(): Promise<{ near: Socket; far: Socket; close: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-exec-'));
  const server = createServer().listen(join(folder, 's'));
  await once(server, 'listening');
  const near = connect(join(folder, 's'));
  const [far] = (await once(server, 'connection')) as [Socket];
  return {
    near,
    far,
    close() {
      near.destroy();
      far.destroy();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}
