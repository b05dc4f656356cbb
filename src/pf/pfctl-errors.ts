import type { ExecResult } from '../process/exec.ts';
import type { PfError, PfErrorKind } from './driver.ts';

/** The error of a pfctl that did not exit 0; `what` is the command as an operator would type it. */
export function pfctlError(what: string, result: ExecResult): PfError {
  switch (result.kind) {
    case 'not-started': {
      const kind = result.code === 'EACCES' ? 'permission' : 'missing-program';
      return { kind, message: `${what} could not be started: ${result.message}` };
    }
    case 'timed-out':
      return {
        kind: 'hung',
        message: `${what} did not end within ${Math.round(result.durationMs)} ms`,
      };
    case 'aborted':
      return { kind: 'killed', message: `${what} was given up` };
    case 'signalled':
      return { kind: 'killed', message: `${what} was killed by ${result.signal}` };
    case 'exited': {
      // The first line is the reason: OpenBSD's pfctl 1.397 prints more after a failed read-only call.
      const line = firstLine(result.stderr);
      return {
        kind: kindOf(line),
        message: `${what} exited ${result.code}: ${line === '' ? 'no message' : line}`,
      };
    }
  }
}

function kindOf(line: string): PfErrorKind {
  if (/(Table|Anchor) does not exist/.test(line)) return 'missing-table';
  if (/\/dev\/pf: Permission denied/.test(line)) return 'permission';
  if (/^(doas|sudo): .*: (command not found|No such file)/.test(line)) return 'missing-program';
  // doas and sudo print this when no rule allows the command, or when a rule wants a password.
  if (/^(doas|sudo): /.test(line)) return 'permission';
  if (/\/dev\/pf: (No such file|Device not configured)/.test(line)) return 'missing-device';
  // Securelevel 2 has the same answer, but only to what hfm does not do.
  if (/Operation not permitted/.test(line)) return 'const-table';
  return 'refused';
}

/** sudo may print a warning about the node's own name before pfctl prints anything; it is skipped. */
function firstLine(text: string): string {
  const lines = text.trimStart().split('\n', 2);
  const isWarning = lines.length > 1 && lines[0]?.startsWith('sudo: unable to resolve host ');
  return (lines[isWarning ? 1 : 0] ?? '').slice(0, 300);
}
