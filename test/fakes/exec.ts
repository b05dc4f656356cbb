import type { Exec, ExecOutput, ExecRequest, ExecResult } from '../../src/process/exec.ts';
import type { Clock } from '../../src/sys/clock.ts';

/** How a process ends: with a result, at once or after a time, or not before its timeout. */
export type Answer =
  | { readonly kind: 'ends'; readonly afterMs: number; readonly result: ExecResult }
  | { readonly kind: 'hangs' };

/** Runs no process. Gives the answers that the test sets, and keeps the requests. */
export interface FakeExec {
  readonly exec: Exec;
  readonly requests: readonly ExecRequest[];
  /** How many run now, and the most that ever ran at once. */
  readonly running: number;
  readonly mostRunning: number;
  /** Sets how processes end from now on; a function decides for each request. */
  answer(answer: Answer | ((request: ExecRequest) => Answer)): void;
}

export function exits(
  code: number,
  { afterMs = 0, ...output }: Partial<ExecOutput> & { readonly afterMs?: number } = {},
): Answer {
  const silent = { stdout: '', stderr: '', durationMs: afterMs };
  return { kind: 'ends', afterMs, result: { kind: 'exited', code, ...silent, ...output } };
}

export function notStarted(code: string, message: string): Answer {
  return { kind: 'ends', afterMs: 0, result: { kind: 'not-started', code, message } };
}

export const HANGS: Answer = { kind: 'hangs' };

export function createFakeExec(clock: Clock): FakeExec {
  const requests: ExecRequest[] = [];
  let decide: (request: ExecRequest) => Answer = () => exits(0);
  let running = 0;
  let mostRunning = 0;
  return {
    requests,
    get running() {
      return running;
    },
    get mostRunning() {
      return mostRunning;
    },
    answer(answer) {
      decide = typeof answer === 'function' ? answer : () => answer;
    },
    exec(request) {
      requests.push(request);
      running += 1;
      mostRunning = Math.max(mostRunning, running);
      const answer = decide(request);
      return new Promise((resolve) => {
        const { timeoutMs, signal } = request;
        const output = { stdout: '', stderr: '', durationMs: timeoutMs };
        const end = (result: ExecResult): void => {
          timer.cancel();
          signal?.removeEventListener('abort', abort);
          running -= 1;
          resolve(result);
        };
        const abort = (): void => end({ kind: 'aborted', ...output });
        const inTime = answer.kind === 'ends' && answer.afterMs < timeoutMs;
        const timer = inTime
          ? clock.after(answer.afterMs, () => end(answer.result))
          : clock.after(timeoutMs, () => end({ kind: 'timed-out', ...output }));
        signal?.addEventListener('abort', abort);
      });
    },
  };
}
