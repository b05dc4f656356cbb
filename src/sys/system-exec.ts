import type { Exec, ExecRequest, ExecResult } from './exec.ts';
import { keepOutput, passLines } from './exec-output.ts';
import { type StartedProcess, startProcess } from './exec-start.ts';

/**
 * Runs a real process in a process group of its own.
 *
 * The result comes at the deadline whatever the process and its children do: the group is killed and
 * its pipes are closed, and nobody waits for an orphan that went to another session, nor for a child
 * that runs as root by doas(1) and can't be killed. A process that exits in time is followed for a
 * moment, until its pipes end; what then still holds them in its group is killed.
 */
export const systemExec: Exec = async (request) => {
  const startedMs = performance.now();
  if (request.signal?.aborted) return { kind: 'aborted', stdout: '', stderr: '', durationMs: 0 };
  const started = startProcess(request);
  if (started.kind === 'not-started') return started.result;
  return followProcess(started.process, request, startedMs);
};

/** How long the pipes of a process that exited may take to end. */
const DRAIN_MS = 20;

type Ending =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'aborted' };

function followProcess(
  { pid, child }: StartedProcess,
  request: ExecRequest,
  startedMs: number,
): Promise<ExecResult> {
  return new Promise((resolve) => {
    const timers: NodeJS.Timeout[] = [];
    let exit: Ending | null = null;
    let leftRunning = false;
    let settled = false;

    const onPipeEnd = () => {
      if (exit !== null && stdout.ended() && stderr.ended()) settle(exit);
    };
    const stdout =
      request.onLine === undefined
        ? keepOutput(child.stdout, request.maxOutputBytes, onPipeEnd)
        : passLines(child.stdout, request.onLine, onPipeEnd);
    const stderr = keepOutput(child.stderr, request.maxOutputBytes, onPipeEnd);
    const onAbort = () => killAndSettle({ kind: 'aborted' });

    function settle(ending: Ending): void {
      if (settled) return;
      settled = true;
      for (const timer of timers) clearTimeout(timer);
      request.signal?.removeEventListener('abort', onAbort);
      const ended = stdout.ended() && stderr.ended();
      for (const pipe of [child.stdin, child.stdout, child.stderr]) pipe?.destroy();
      // What could not be killed is still reaped when it ends, but must not keep hfmd from stopping.
      child.unref();
      resolve({
        ...ending,
        ...(ended ? {} : { truncated: true }),
        ...(leftRunning ? { leftRunning: true } : {}),
        stdout: stdout.text(),
        stderr: stderr.text(),
        durationMs: performance.now() - startedMs,
      });
    }

    /** A process that has exited keeps its exit status, however late its pipes are. */
    function killAndSettle(ending: Ending): void {
      leftRunning ||= exit !== null && !stdout.ended();
      killGroup(pid, 'SIGKILL');
      settle(exit ?? ending);
    }

    child.once('exit', (code, signal) => {
      const ending: Ending =
        signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal };
      exit = ending;
      // Members of its group keep its number taken, so that no stranger can be meant.
      leftRunning = isGroupAlive(pid);
      if (stdout.ended() && stderr.ended()) {
        if (leftRunning) killGroup(pid, 'SIGKILL');
        settle(ending);
      } else if (!settled) {
        // Timers run before reads: what is in the pipe already must still be read, however late we are.
        const drained = () => setImmediate(() => killAndSettle(ending));
        timers.push(setTimeout(drained, DRAIN_MS));
      }
    });
    request.signal?.addEventListener('abort', onAbort, { once: true });
    timers.push(setTimeout(() => killAndSettle({ kind: 'timed-out' }), request.timeoutMs));
    if (request.interruptAfterMs !== undefined) {
      timers.push(setTimeout(() => killGroup(pid, 'SIGINT'), request.interruptAfterMs));
    }
  });
}

function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch (error) {
    // ESRCH: nobody is left. EPERM: somebody is, as another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Signals the whole group. After the leader's exit the number stays taken while a member of the group
 * lives; else a stranger's group could only get it by a wrap of all pids within `DRAIN_MS`.
 */
function killGroup(pid: number, signal: 'SIGKILL' | 'SIGINT'): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: the group is gone already. EPERM: it runs as another user (doas, sudo) and has to end
    // by itself. kill(2) knows no third error for a valid signal.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
