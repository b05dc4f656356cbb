import type { ExecOutput, ExecRequest, ExecResult } from './exec.ts';
import { keepOutput, type OutputPipe, passLines } from './exec-output.ts';

/** A process that was started as the leader of a process group of its own. */
export interface StartedProcess {
  /** Also the number of its process group. */
  readonly pid: number;
  readonly child: StartedChild;
  /** Ends when every process has ended that inherited it; null where children are not watched. */
  readonly watchPipe: OutputPipe | null;
}

interface StartedChild {
  readonly stdin: { destroy(): unknown } | null;
  readonly stdout: OutputPipe;
  readonly stderr: OutputPipe;
  once(event: 'exit', run: (code: number | null, signal: string | null) => void): unknown;
  unref(): void;
}

type Bounds = Pick<ExecRequest, 'timeoutMs' | 'interruptAfterMs' | 'maxOutputBytes' | 'onLine'>;

type Ended = Exclude<ExecResult, { readonly kind: 'not-started' }>;

interface Followed {
  readonly result: Promise<Ended>;
  /** Kills the group at once; the result is `aborted`, unless the process has exited before. */
  abort(): void;
}

/** How long the pipes and the children of a process that has exited may take to end. */
const DRAIN_MS = 20;
/** The same for a group that was killed: on a busy machine it ends late. */
const KILLED_MS = 100;

type Ending =
  | { readonly kind: 'exited'; readonly code: number }
  | { readonly kind: 'signalled'; readonly signal: string }
  | { readonly kind: 'timed-out' }
  | { readonly kind: 'aborted' };

/**
 * Follows a process to its end.
 *
 * The result comes at the deadline, whatever the process and its children do: the group is killed and
 * its pipes are closed. An orphan in another session is not waited for, and neither is a child that runs
 * as root by doas(1) and can't be killed. The pipes of a process that exits in time have `DRAIN_MS` to
 * end; then the rest of its group is killed.
 */
export function followProcess(
  { pid, child, watchPipe }: StartedProcess,
  bounds: Bounds,
  startedMs: number,
): Followed {
  const timers: NodeJS.Timeout[] = [];
  let exit: Ending | null = null;
  let groupLived = false;
  let outOfReach = false;
  /** Whether a process that still held the output was killed: more output may have come. */
  let isCut = false;
  let settled = false;
  let resolve: (result: Ended) => void;
  const result = new Promise<Ended>((resolveResult) => {
    resolve = resolveResult;
  });

  const onPipeEnd = () => settleIfGone();
  const stdout =
    bounds.onLine === undefined
      ? keepOutput(child.stdout, bounds.maxOutputBytes, onPipeEnd)
      : passLines(child.stdout, bounds.onLine, onPipeEnd);
  const stderr = keepOutput(child.stderr, bounds.maxOutputBytes, onPipeEnd);
  const watch = watchPipe === null ? null : keepOutput(watchPipe, 0, onPipeEnd);
  const outputEnded = () => stdout.ended() && stderr.ended();
  const allEnded = () => outputEnded() && watch?.ended() !== false;

  function settle(ending: Ending): void {
    if (settled) return;
    settled = true;
    for (const timer of timers) clearTimeout(timer);
    const isWhole = outputEnded() && !isCut;
    const droppedBytes = stdout.dropped() + stderr.dropped();
    const left = leftBehind();
    for (const pipe of [child.stdin, child.stdout, child.stderr, watchPipe]) pipe?.destroy();
    // A process that can't be killed is still reaped at its end, but must not keep hfmd from stopping.
    child.unref();
    resolve({
      ...ending,
      ...(isWhole ? {} : { truncated: true }),
      ...(left === null ? {} : { left }),
      ...(droppedBytes === 0 ? {} : { droppedBytes }),
      stdout: stdout.text(),
      stderr: stderr.text(),
      durationMs: performance.now() - startedMs,
    });
  }

  function leftBehind(): NonNullable<ExecOutput['left']> | null {
    if (outOfReach && !allEnded()) return 'out-of-reach';
    return groupLived ? 'killed' : null;
  }

  function settleIfGone(): void {
    if (exit !== null && !settled && allEnded() && !isGroupAlive(pid)) settle(exit);
  }

  /** For a deadline or an abort. A process that has exited keeps its exit status. */
  function endNow(ending: Ending): void {
    if (settled) return;
    outOfReach = exit !== null;
    exit ??= ending;
    killGroup(pid, 'SIGKILL');
    if (watchPipe === null) settle(exit);
    else later(KILLED_MS, () => endLate(exit ?? ending));
  }

  /** Kills the children that are still there `DRAIN_MS` after the exit. */
  function endChildren(ending: Ending): void {
    if (settled) return;
    groupLived = isGroupAlive(pid);
    // Without a living group the output is whole: the end of the pipes may just not be read yet.
    isCut = groupLived && !outputEnded();
    killGroup(pid, 'SIGKILL');
    if (allEnded()) settle(ending);
    else later(KILLED_MS, () => endLate(ending));
  }

  /** A process that still holds the pipes `KILLED_MS` after the group was killed can't be reached. */
  function endLate(ending: Ending): void {
    outOfReach = true;
    settle(ending);
  }

  /** Timers run before reads: what is in a pipe already must still be read, however late hfmd is. */
  function later(ms: number, end: () => void): void {
    timers.push(setTimeout(() => setImmediate(end), ms));
  }

  child.once('exit', (code, signal) => {
    if (exit !== null) return;
    const ending: Ending =
      signal === null ? { kind: 'exited', code: code ?? 0 } : { kind: 'signalled', signal };
    exit = ending;
    // Members of its group keep its pid taken, so that it can't be the group of another process.
    settleIfGone();
    if (!settled) later(DRAIN_MS, () => endChildren(ending));
  });
  timers.push(setTimeout(() => endNow({ kind: 'timed-out' }), bounds.timeoutMs));
  if (bounds.interruptAfterMs !== undefined) {
    timers.push(setTimeout(() => killGroup(pid, 'SIGINT'), bounds.interruptAfterMs));
  }
  return { result, abort: () => endNow({ kind: 'aborted' }) };
}

function isGroupAlive(pid: number): boolean {
  try {
    process.kill(-pid, 0);
    return true;
  } catch (error) {
    // ESRCH: no process is left. EPERM: one is, of another user.
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/**
 * Signals a whole group. After the leader's exit the pid stays taken while a member of the group lives.
 * Without one, another group could get it only if all pids wrapped within `DRAIN_MS`.
 */
export function killGroup(pid: number, signal: 'SIGKILL' | 'SIGINT'): void {
  try {
    process.kill(-pid, signal);
  } catch (error) {
    // ESRCH: the group is gone already. EPERM: it runs as another user (doas, sudo) and must end by
    // itself. kill(2) has no third error for a valid signal.
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}
