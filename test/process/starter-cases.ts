import { spawn, spawnSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import type { RunScript, ScriptRequest, ScriptResult } from '../../src/process/exec.ts';
import { createScriptStarter, type ScriptStarter } from '../../src/process/script-starter.ts';
import { ANSWER_MS } from '../../src/process/starter-link.ts';
import { encodeRequest } from '../../src/process/starter-messages.ts';
import { systemExec } from '../../src/process/system-exec.ts';
import { type Clock, systemClock } from '../../src/sys/clock.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { fixture, isAlive, output, request } from './processes.ts';
import { holdsForScripts } from './script-contract.ts';

const ELSEWHERE: RunScript = async () => ({
  kind: 'not-started',
  code: 'ELSEWHERE',
  message: 'not run by the starter',
});

/** What must hold for every process that starts scripts. */
export function describeStarter(command: readonly string[]): void {
  describe('the starter', () => {
    const troubles: string[] = [];
    // A busy machine may be late, and these tests are not about that.
    const starter = create({ commands: [command], troubles, answerMs: 5000 });

    beforeAll(() => untilReady(starter));
    afterAll(() => {
      starter.stop();
      expect(troubles).toEqual([]);
    });

    holdsForScripts((script) => starter.run(script));

    it('leaves no zombie and no descriptor, 50 times', async () => {
      const pid = starterOf(await sh(starter, 'echo $PPID'));
      const before = descriptorsOf(pid);
      for (let i = 0; i < 50; i++) await sh(starter, 'echo out; echo err >&2');
      await vi.waitFor(() => {
        expect(childrenOf(pid)).toEqual([]);
        expect(descriptorsOf(pid)).toEqual(before);
      });
    });

    it('gives its scripts no descriptor that hfmd would not give them', async () => {
      const list = request({ argv: ['/bin/ls', '/dev/fd/'] });
      const { stdout } = output(await systemExec(list));
      expect(await starter.run(list)).toMatchObject({ stdout });
    });

    it('runs many at once, each with its own output', async () => {
      const results = await Promise.all(
        Array.from({ length: 40 }, (_, i) => sh(starter, `sleep 0.1; echo ${i}; exit ${i}`)),
      );
      expect(results.map((one) => one.kind === 'exited' && [one.code, one.stdout])).toEqual(
        results.map((_, i) => [i, `${i}\n`]),
      );
    });

    it('refuses every one that does not start, among many', async () => {
      const results = await Promise.all(
        Array.from({ length: 30 }, (_, i) =>
          i % 3 === 1
            ? starter.run(request({ argv: [`/nonexistent/${i}`] }))
            : sh(starter, `echo ${i}; exit ${i}`),
        ),
      );
      expect(results).toMatchObject(
        results.map((_, i) =>
          i % 3 === 1 ? { kind: 'not-started', code: 'ENOENT' } : { code: i, stdout: `${i}\n` },
        ),
      );
    });

    it.each(['SIGTERM', 'SIGINT', 'SIGHUP', 'SIGUSR1'] as const)('ignores %s', async (signal) => {
      const pid = starterOf(await sh(starter, 'echo $PPID'));
      process.kill(pid, signal);
      expect(starterOf(await sh(starter, 'sleep 0.2; echo $PPID'))).toBe(pid);
    });
  });

  describe('a script', () => {
    it('waits for the starter that it starts', async () => {
      const starter = open({ commands: [command] });
      expect(await sh(starter, 'exit 3', { timeoutMs: 60_000 })).toMatchObject({ code: 3 });
    });

    it('that gets no descriptors has a result, and the next ones run', async () => {
      const starter = open({
        commands: [['/bin/sh', '-c', 'ulimit -n 40; exec "$@"', 'sh', ...command]],
      });
      await untilReady(starter);
      const results = await Promise.all(
        Array.from({ length: 30 }, () => sh(starter, 'sleep 0.3; exit 3')),
      );
      const kinds = new Set(results.map((one) => ('code' in one ? one.code : one.kind)));
      expect(kinds).toEqual(new Set([3, 'EMFILE']));
      expect(await sh(starter, 'exit 3')).toMatchObject({ code: 3 });
    });
  });

  describe('a starter that is killed', () => {
    it('ends its scripts: each is lost and killed, and another starter runs the next', async () => {
      const troubles: string[] = [];
      const starter = open({ commands: [command], troubles });
      await untilReady(starter);
      const pid = starterOf(await sh(starter, 'echo $PPID'));
      const running = Array.from({ length: 30 }, () =>
        starter.run(request({ argv: [fixture('deaf.sh')] })),
      );
      await vi.waitFor(() => expect(descendantsOf(pid)).toHaveLength(60), 20_000);
      const scripts = descendantsOf(pid);
      process.kill(pid, 'SIGKILL');
      const results = await Promise.all(running);
      expect(new Set(results.map(({ kind }) => kind))).toEqual(new Set(['lost']));
      await vi.waitFor(() => expect(scripts.filter(isAlive)).toEqual([]), 20_000);
      expect(troubles).toEqual(['the process that starts scripts ended: killed by SIGKILL']);
      await untilReady(starter);
      expect(starterOf(await sh(starter, 'echo $PPID'))).not.toBe(pid);
    });
  });

  describe('a starter that hangs', () => {
    it('delays no result: at the deadline its scripts are lost and killed, and it is replaced', async () => {
      const { starter, clock, troubles, pid } = await openWithFakeClock();
      const abort = new AbortController();
      const long = sh(starter, 'sleep 60');
      const deep = sh(starter, 'sleep 60', { signal: abort.signal });
      const scripts = await untilRunning(starter, pid, 2);
      process.kill(pid, 'SIGSTOP');
      const unstarted = sh(starter, 'exit 0', { signal: abort.signal });
      await clock.advance(400);
      abort.abort();
      await clock.advance(ANSWER_MS);
      expect(await Promise.all([deep, unstarted])).toMatchObject([
        { kind: 'lost' },
        { kind: 'lost' },
      ]);
      expect(await sh(starter, 'exit 0')).toMatchObject({ code: 'ELSEWHERE' });
      await clock.advance(1000);
      expect(await long).toMatchObject({ kind: 'lost' });
      await vi.waitFor(() => expect([pid, ...scripts].filter(isAlive)).toEqual([]), 20_000);
      expect(troubles).toEqual(['the process that starts scripts ended: killed by SIGKILL']);
      await clock.advance(100);
      await untilReady(starter);
    });

    it('and has just replied would have seen a script end: the script is killed, and that counts', async () => {
      const { starter, clock, pid } = await openWithFakeClock();
      const abort = new AbortController();
      const run = sh(starter, 'sleep 60', { signal: abort.signal });
      const scripts = await untilRunning(starter, pid, 1);
      process.kill(pid, 'SIGSTOP');
      abort.abort();
      await clock.advance(ANSWER_MS);
      expect(await run).toMatchObject({ kind: 'aborted' });
      await vi.waitFor(() => expect(scripts.filter(isAlive)).toEqual([]), 20_000);
    });

    it('for a short time only is not replaced', async () => {
      const { starter, clock, troubles, pid } = await openWithFakeClock();
      process.kill(pid, 'SIGSTOP');
      const abort = new AbortController();
      const run = sh(starter, 'exit 0', { signal: abort.signal });
      abort.abort();
      await clock.advance(ANSWER_MS);
      expect(await run).toMatchObject({ kind: 'lost' });
      process.kill(pid, 'SIGCONT');
      await untilReady(starter);
      await clock.advance(5000);
      expect(starterOf(await sh(starter, 'echo $PPID'))).toBe(pid);
      expect(troubles).toEqual([]);
    });

    it('and then starts a script late: the deadline of the script says nothing', async () => {
      const { starter, clock, pid } = await openWithFakeClock();
      process.kill(pid, 'SIGSTOP');
      const abort = new AbortController();
      const run = sh(starter, 'sleep 60', { signal: abort.signal });
      await clock.advance(60);
      process.kill(pid, 'SIGCONT');
      await untilRunning(starter, pid, 1);
      abort.abort();
      await vi.waitFor(() => expect(childrenOf(pid)).toEqual([]), 20_000);
      expect(await run).toMatchObject({ kind: 'lost' });
    });

    /** A ready starter on a clock that only the test moves. */
    async function openWithFakeClock() {
      const clock = createFakeClock();
      const troubles: string[] = [];
      const starter = open({ commands: [command], clock, troubles });
      await untilReady(starter);
      const pid = starterOf(await sh(starter, 'echo $PPID'));
      return { starter, clock, troubles, pid };
    }

    /** The pids of its scripts, once it has reported them all. */
    async function untilRunning(starter: ScriptStarter, pid: number, count: number) {
      await vi.waitFor(() => expect(childrenOf(pid)).toHaveLength(count), 20_000);
      const scripts = descendantsOf(pid);
      await sh(starter, 'exit 0');
      return scripts;
    }
  });

  describe('hfmd', () => {
    it('that is killed leaves neither the starter nor a script', async () => {
      const [file = '', ...args] = command;
      const starter = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true });
      const run = request({ argv: [fixture('deaf.sh')] });
      starter.stdin.write(encodeRequest({ kind: 'run', id: 1, run }));
      await vi.waitFor(() => expect(descendantsOf(Number(starter.pid))).toHaveLength(2), 20_000);
      const scripts = descendantsOf(Number(starter.pid));
      // As the end of hfmd does.
      starter.stdin.destroy();
      starter.stdout.destroy();
      await vi.waitFor(
        () => expect([Number(starter.pid), ...scripts].filter(isAlive)).toEqual([]),
        20_000,
      );
    });
  });
}

/** A script that the starters do not run has the result `ELSEWHERE`. */
function create({
  commands,
  troubles = [],
  answerMs = ANSWER_MS,
  clock = systemClock,
}: {
  commands: readonly (readonly string[])[];
  troubles?: string[];
  answerMs?: number;
  clock?: Clock;
}): ScriptStarter {
  const onTrouble = (detail: string) => void troubles.push(detail);
  return createScriptStarter({
    clock,
    exec: ELSEWHERE,
    commands,
    onTrouble,
    answerMs,
  });
}

/** The starter ends with the test. */
export function open(how: Parameters<typeof create>[0]): ScriptStarter {
  const starter = create(how);
  onTestFinished(() => starter.stop());
  return starter;
}

export function sh(
  starter: ScriptStarter,
  script: string,
  over: Partial<ScriptRequest> = {},
): Promise<ScriptResult> {
  return starter.run(request({ argv: ['/bin/sh', '-c', script], ...over }));
}

export function untilReady(starter: ScriptStarter): Promise<void> {
  return vi.waitFor(
    async () => expect(await sh(starter, 'exit 0')).toMatchObject({ kind: 'exited' }),
    20_000,
  );
}

/** The parent's pid that a script printed. */
export function starterOf(result: ScriptResult): number {
  return Number(output(result).stdout);
}

interface Row {
  readonly pid: number;
  readonly parent: number;
  readonly isZombie: boolean;
}

function processes(): Row[] {
  const { stdout } = spawnSync('ps', ['-A', '-o', 'pid=,ppid=,stat='], { encoding: 'utf8' });
  return stdout.split('\n').map((line) => {
    const [pid, parent, stat = ''] = line.trim().split(/\s+/);
    return { pid: Number(pid), parent: Number(parent), isZombie: stat.startsWith('Z') };
  });
}

function childrenOf(parent: number): number[] {
  return processes()
    .filter((one) => one.parent === parent)
    .map(({ pid }) => pid);
}

function descendantsOf(pid: number): number[] {
  return childrenOf(pid).flatMap((child) => [child, ...descendantsOf(child)]);
}

/** Empty where the system has no /proc. */
function descriptorsOf(pid: number): string[] {
  const folder = `/proc/${pid}/fd`;
  return existsSync(folder) ? readdirSync(folder) : [];
}
