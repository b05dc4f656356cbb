import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RunScript, ScriptRequest, ScriptResult } from '../../src/process/exec.ts';
import { fixture, isAlive, output, pidsOf, request, signalsOf } from './processes.ts';

/** What must hold for every script of a check, whatever starts it. */
export function holdsForScripts(runScript: RunScript): void {
  /** Processes that a test let escape on purpose. */
  const escaped: number[] = [];

  afterEach(() => {
    for (const pid of escaped.splice(0)) process.kill(pid, 'SIGKILL');
  });

  const run = (over: Partial<ScriptRequest>): Promise<ScriptResult> => runScript(request(over));

  const sh = (script: string, over: Partial<ScriptRequest> = {}): Promise<ScriptResult> =>
    run({ argv: ['/bin/sh', '-c', script], ...over });

  /** The child writes its own pid first, so that the test can end it. */
  const runaway = async (arg = 'exit', over: Partial<ScriptRequest> = {}) => {
    const result = await run({ argv: [process.execPath, fixture('runaway.mjs'), arg], ...over });
    escaped.push(Number(output(result).stdout));
    return result;
  };

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

    it('sees the given environment and nothing else', async () => {
      const result = await run({ argv: ['/usr/bin/env'], env: { ONE: '1', TWO: 'a=b', NONE: '' } });
      expect(output(result).stdout.split('\n').sort()).toEqual(['', 'NONE=', 'ONE=1', 'TWO=a=b']);
    });

    it('finds stdin empty if none is given', async () => {
      expect(await run({ argv: ['/bin/cat'] })).toMatchObject({ kind: 'exited', code: 0 });
    });

    it('leads a process group of its own', async () => {
      const { stdout } = output(await sh('echo $$; ps -o pgid= -p $$'));
      const [pid, group] = stdout.split('\n').map(Number);
      expect(group).toBe(pid);
    });

    it('has all its output if that is within the bound', async () => {
      const { stdout } = output(
        await sh('head -c 500000 /dev/zero | tr "\\0" y', { maxOutputBytes: 500_000 }),
      );
      expect(stdout).toHaveLength(500_000);
    });

    it('has only the first bytes of its output kept, and is not blocked by the rest', async () => {
      const script = 'head -c 500000 /dev/zero | tr "\\0" y; echo end >&2';
      const result = await sh(script, { maxOutputBytes: 10 });
      expect(result).toMatchObject({ kind: 'exited', stdout: 'yyyyyyyyyy', stderr: 'end\n' });
      expect(result).toMatchObject({ droppedBytes: 499_990 });
    });

    it('has its output cut between characters', async () => {
      expect(await sh('printf aéé', { maxOutputBytes: 4 })).toMatchObject({ stdout: 'aé' });
    });
  });

  describe('a process that leaves a child', () => {
    it('in its group with the pipes: the exit counts, and the child is killed', async () => {
      const result = await run({ argv: [fixture('orphan.sh')] });
      expect(result).toMatchObject({ kind: 'exited', code: 3, left: 'killed' });
      await vi.waitFor(() => expect(isAlive(Number(output(result).stdout))).toBe(false));
    });

    it('in another session with the pipes: the exit counts', async () => {
      const result = await runaway();
      expect(result).toMatchObject({ kind: 'exited', code: 0, left: 'out-of-reach' });
      expect(isAlive(Number(output(result).stdout))).toBe(true);
    });

    it('in its group that closes the pipes: the exit counts, and the child is killed', async () => {
      const result = await run({ argv: [fixture('lets-go.sh')] });
      expect(result).toMatchObject({ kind: 'exited', code: 0, left: 'killed' });
      const pid = Number(output(result).stdout);
      await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
    });
  });

  it('that leaves no process behind has no such note', async () => {
    expect(await sh('true | cat; echo done')).not.toHaveProperty('left');
  });

  describe('at the deadline', () => {
    it('a process that ignores TERM and INT is killed with its children', async () => {
      const result = await run({ argv: [fixture('deaf.sh')], timeoutMs: 200 });
      expect(result.kind).toBe('timed-out');
      await vi.waitFor(() => expect(pidsOf(result).filter(isAlive)).toEqual([]));
    });

    it('a child in another session with the pipes does not delay the result', async () => {
      const result = await runaway('stay', { timeoutMs: 500 });
      expect(result.kind).toBe('timed-out');
    });

    it('a flood of output ends', async () => {
      const result = await run({ argv: [fixture('flood.sh')], timeoutMs: 200, maxOutputBytes: 16 });
      expect(result).toMatchObject({ kind: 'timed-out', stdout: '0123456789abcdef' });
    });

    it('a process that closed its pipes still runs', async () => {
      const result = await run({ argv: [fixture('closed-pipes.sh')], timeoutMs: 200 });
      expect(result).toMatchObject({ kind: 'timed-out', stdout: 'before\n' });
    });
  });

  describe('before the deadline', () => {
    it('the group gets SIGINT, and the process may still exit', async () => {
      const script = 'trap "echo interrupted; exit 4" INT; sleep 60 & wait';
      expect(await sh(script, { interruptAfterMs: 100 })).toMatchObject({
        kind: 'exited',
        code: 4,
        stdout: 'interrupted\n',
      });
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
      ['is not there', ['/nonexistent'], 'ENOENT', 'no such file'],
      ['may not be run', ['/etc/passwd'], 'EACCES', 'permission denied'],
      ['is no file', ['/'], 'EACCES', 'it is not a file'],
      [
        'has too many arguments',
        ['/bin/echo', 'x'.repeat(5_000_000)],
        'E2BIG',
        'its arguments and its environment are too long',
      ],
      ['has a NUL in an argument', ['/bin/echo', 'a\0b'], 'EINVAL', /null bytes/],
    ])('because it %s', async (_why, argv, code, message) => {
      expect(await run({ argv })).toMatchObject({
        kind: 'not-started',
        code,
        message: expect.stringMatching(message),
      });
    });

    it.each([
      ['nothing', '', 'ENOEXEC', 'it is empty'],
      [
        'an interpreter that is not there',
        '#! /nonexistent/sh -e\n',
        'ENOENT',
        'its #! line asks for "/nonexistent/sh": no such file',
      ],
      [
        'the line ends of another system',
        '#!/bin/sh\r\nexit 0\r\n',
        'ENOENT',
        'its #! line asks for "/bin/sh\\r": no such file',
      ],
      ['the code of another machine', BIG_ENDIAN, 'ENOEXEC', 'it is a program for another machine'],
    ])('because its file holds %s', async (_what, content, code, message) => {
      const file = programOf(content);
      expect(await run({ argv: [file] })).toEqual({ kind: 'not-started', code, message });
    });

    it('but a script without a #! line does, by sh(1)', async () => {
      const file = programOf('echo $((6 * 7))\n');
      expect(await run({ argv: [file] })).toMatchObject({ kind: 'exited', stdout: '42\n' });
    });
  });
}

/** The head of a program for a machine of the other byte order, elf(5). */
const BIG_ENDIAN = Buffer.concat([
  Buffer.from('\x7fELF\x02\x02\x01'),
  Buffer.alloc(11),
  Buffer.from([0, 21]),
]);

/** An executable file, until the test ends. */
function programOf(content: string | Buffer): string {
  const folder = mkdtempSync(join(tmpdir(), 'hfm-exec-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'program');
  writeFileSync(file, content, { mode: 0o755 });
  return file;
}
