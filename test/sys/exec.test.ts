import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { ExecRequest, ExecResult } from '../../src/sys/exec.ts';
import { systemExec } from '../../src/sys/system-exec.ts';
import { canRunOutOfDescriptors, withoutDescriptors } from './fixtures/descriptors.ts';

/** Of the test runner. */
const OWN_PIPES = pipeCount();

/** Processes that a test let escape on purpose. */
const escaped: number[] = [];

afterEach(() => {
  for (const pid of escaped.splice(0)) process.kill(pid, 'SIGKILL');
});

describe('a process that ends', () => {
  it('gives its exit status, stdout and stderr', async () => {
    expect(await sh('echo out; echo err >&2; exit 3')).toMatchObject({
      kind: 'exited',
      code: 3,
      stdout: 'out\n',
      stderr: 'err\n',
    });
  });

  it('by a signal gives the signal', async () => {
    expect(await sh('kill -TERM $$')).toMatchObject({ kind: 'signalled', signal: 'SIGTERM' });
  });

  it('sees its argv as it is, without a shell', async () => {
    const argv = ['/bin/sh', '-c', 'printf "[%s]" "$@"', 'sh', 'a b', '$HOME', '*', ''];
    expect(await run({ argv })).toMatchObject({ stdout: '[a b][$HOME][*][]' });
  });

  it('sees its environment and nothing of ours', async () => {
    process.env.HFM_TEST_SECRET = 'ours';
    const result = await sh('echo "$ONE [$HFM_TEST_SECRET]"', { env: { ONE: '1' } });
    delete process.env.HFM_TEST_SECRET;
    expect(result).toMatchObject({ stdout: '1 []\n' });
  });

  it('reads stdin', async () => {
    expect(await run({ argv: ['/bin/cat'], stdin: 'héllo' })).toMatchObject({ stdout: 'héllo' });
  });

  it('finds stdin empty where none is given', async () => {
    expect(await run({ argv: ['/bin/cat'] })).toMatchObject({ kind: 'exited', code: 0 });
  });

  it('without reading its stdin is no error', async () => {
    expect(await sh('exit 0', { stdin: 'x'.repeat(1_000_000) })).toMatchObject({
      kind: 'exited',
      code: 0,
    });
  });

  it('leads a process group of its own', async () => {
    const { stdout } = output(await sh('echo $$; ps -o pgid= -p $$'));
    const [pid, group] = stdout.split('\n').map(Number);
    expect(group).toBe(pid);
  });

  it('has all its output, where that is within the bound', async () => {
    const { stdout } = output(
      await run({ argv: ['/bin/cat'], stdin: 'y'.repeat(500_000), maxOutputBytes: 500_000 }),
    );
    expect(stdout).toHaveLength(500_000);
  });

  it('has only the first bytes of its output kept, and is not blocked by the rest', async () => {
    const argv = ['/bin/sh', '-c', 'cat; echo end >&2'];
    const result = await run({ argv, stdin: 'y'.repeat(500_000), maxOutputBytes: 10 });
    expect(result).toMatchObject({ kind: 'exited', stdout: 'yyyyyyyyyy', stderr: 'end\n' });
  });

  it('has its output cut between characters', async () => {
    expect(await run({ argv: ['/bin/cat'], stdin: 'aéé', maxOutputBytes: 4 })).toMatchObject({
      stdout: 'aé',
    });
  });

  it('leaves no zombie and no descriptor, 50 times', async () => {
    for (let i = 0; i < 50; i++) await sh('echo out; echo err >&2', { stdin: 'x' });
    await vi.waitFor(() => expect([processCount(), pipeCount()]).toEqual([0, OWN_PIPES]));
  });
});

describe('a process that leaves a child', () => {
  it('in its group with the pipes: the exit counts, and the child is killed', async () => {
    const result = await run({ argv: [fixture('orphan.sh')] });
    expect(result).toMatchObject({ kind: 'exited', code: 3 });
    await vi.waitFor(() => expect(isAlive(Number(output(result).stdout))).toBe(false));
  });

  it('in another session with the pipes: the exit counts', async () => {
    const result = await runaway();
    expect(result).toMatchObject({ kind: 'exited', code: 0 });
    expect(isAlive(Number(output(result).stdout))).toBe(true);
    await vi.waitFor(() => expect(pipeCount()).toBe(OWN_PIPES));
  });
});

describe('at the deadline', () => {
  it('a process that ignores TERM and INT is killed with its children', async () => {
    const result = await run({ argv: [fixture('deaf.sh')], timeoutMs: 200 });
    expect(result.kind).toBe('timed-out');
    await vi.waitFor(() => expect(pidsOf(result).filter(isAlive)).toEqual([]));
  });

  it('a child in another session with the pipes holds nothing up', async () => {
    const result = await runaway('stay', { timeoutMs: 500 });
    expect(result.kind).toBe('timed-out');
  });

  it('a flood of output is over', async () => {
    const result = await run({ argv: [fixture('flood.sh')], timeoutMs: 200, maxOutputBytes: 16 });
    expect(result).toMatchObject({ kind: 'timed-out', stdout: '0123456789abcdef' });
  });

  it('a process that closed its pipes is not taken for ended', async () => {
    const result = await run({ argv: [fixture('closed-pipes.sh')], timeoutMs: 200 });
    expect(result).toMatchObject({ kind: 'timed-out', stdout: 'before\n' });
  });

  it('a process that does not read its stdin holds nothing up', async () => {
    const result = await sh('sleep 60', { stdin: 'x'.repeat(1_000_000), timeoutMs: 200 });
    expect(result.kind).toBe('timed-out');
  });

  it('what we may not kill is left to itself', async () => {
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
});

describe('before the deadline', () => {
  it('the group gets SIGINT, and the process may still end well', async () => {
    const script = 'trap "echo interrupted; exit 4" INT; sleep 60 & wait';
    expect(await sh(script, { interruptAfterMs: 100 })).toMatchObject({
      kind: 'exited',
      code: 4,
      stdout: 'interrupted\n',
    });
  });

  it('a process that ended is not interrupted', async () => {
    const kill = vi.spyOn(process, 'kill');
    await sh('exit 0', { interruptAfterMs: 50 });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(signalsOf(kill)).toEqual([]);
    kill.mockRestore();
  });
});

describe('an abort', () => {
  it('kills the group at once', async () => {
    const controller = new AbortController();
    const result = run({ argv: [fixture('deaf.sh')], signal: controller.signal });
    setTimeout(() => controller.abort(), 100);
    expect((await result).kind).toBe('aborted');
    const pids = pidsOf(await result);
    await vi.waitFor(() => expect(pids.filter(isAlive)).toEqual([]));
  });

  it('before the start starts nothing', async () => {
    const result = await run({ argv: ['/nonexistent'], signal: AbortSignal.abort() });
    expect(result.kind).toBe('aborted');
  });

  it('after the end changes nothing', async () => {
    const controller = new AbortController();
    const result = await sh('exit 0', { signal: controller.signal });
    const kill = vi.spyOn(process, 'kill');
    controller.abort();
    expect(signalsOf(kill)).toEqual([]);
    kill.mockRestore();
    expect(result.kind).toBe('exited');
  });
});

describe('what does not start', () => {
  it.each([
    ['is not there', ['/nonexistent'], 'ENOENT'],
    ['may not be run', ['/'], 'EACCES'],
    ['has too many arguments', ['/bin/echo', 'x'.repeat(5_000_000)], 'E2BIG'],
    ['has a NUL in an argument', ['/bin/echo', 'a\0b'], 'EINVAL'],
  ])('because it %s', async (_why, argv, code) => {
    expect(await run({ argv })).toMatchObject({ kind: 'not-started', code });
  });

  it.runIf(canRunOutOfDescriptors())(
    'because descriptors ran out, is told and does not end hfmd',
    async () => {
      const result = await withoutDescriptors(() => run({ argv: ['/bin/echo'] }));
      expect(result).toMatchObject({ kind: 'not-started', code: 'EMFILE' });
      expect(await run({ argv: ['/bin/echo'] })).toMatchObject({ kind: 'exited', code: 0 });
    },
  );
});

function run(request: Partial<ExecRequest> & Pick<ExecRequest, 'argv'>): Promise<ExecResult> {
  const env = { PATH: '/sbin:/bin:/usr/sbin:/usr/bin' };
  return systemExec({ env, timeoutMs: 20_000, maxOutputBytes: 4096, ...request });
}

function sh(script: string, over: Partial<ExecRequest> = {}): Promise<ExecResult> {
  return run({ argv: ['/bin/sh', '-c', script], ...over });
}

/** The child writes its own pid first, so that the test can end it. */
async function runaway(arg = 'exit', over: Partial<ExecRequest> = {}): Promise<ExecResult> {
  const result = await run({ argv: [process.execPath, fixture('runaway.mjs'), arg], ...over });
  escaped.push(Number(output(result).stdout));
  return result;
}

function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

function output(result: ExecResult) {
  if (result.kind === 'not-started') throw new Error(result.message);
  return result;
}

/** Of the fixture's own telling. */
function pidsOf(result: ExecResult): number[] {
  const pids = output(result).stdout.trim().split(' ').map(Number);
  expect(pids).toHaveLength(2);
  return pids;
}

/** Not a zombie either, which a container's init may leave behind for ever. */
function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout.trim());
}

function processCount(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'ProcessWrap').length;
}

function pipeCount(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'PipeWrap').length;
}

/** The signals that were sent: 0 only asks whether somebody is there. */
function signalsOf(kill: { mock: { calls: unknown[][] } }): unknown[] {
  return kill.mock.calls.map(([, signal]) => signal).filter((signal) => signal !== 0);
}
