import type { ExitRule, ScriptCheckConfig } from '../config/config.ts';
import { type Address, familyOf } from '../core/address.ts';
import { formatDuration } from '../core/duration.ts';
import { oneLine } from '../core/one-line.ts';
import { fail, inconclusive, pass, type Verdict } from '../core/verdict.ts';
import type { ExecOutput, RunScript, ScriptResult } from '../process/exec.ts';
import { besides } from '../process/exec-text.ts';
import { Abort } from '../sys/abort.ts';
import type { Probe } from './probe.ts';

export interface ScriptBackend {
  readonly name: string;
  readonly address: Address;
}

/**
 * Runs a script once. Its exit status is the verdict, the first line of its output is the detail. Its
 * environment is PATH, LC_ALL, `env` of the check and the HFM_* variables, nothing of hfmd's own.
 */
export function createScriptProbe(
  runScript: RunScript,
  backend: ScriptBackend,
  check: ScriptCheckConfig,
): Probe {
  const env = environmentOf(backend, check);
  return {
    endpoint: null,
    start(done) {
      const deadline = new Abort();
      const request = {
        argv: check.command,
        env,
        timeoutMs: check.rhythm.timeoutMs + BACKSTOP_MS,
        ...(check.interruptAfterMs === null ? {} : { interruptAfterMs: check.interruptAfterMs }),
        maxOutputBytes: check.maxOutputBytes,
        signal: deadline,
      };
      runScript(request).then(
        (result) => done(verdictOn(result, check)),
        (error: unknown) => done(inconclusive('internal-error', String(error))),
      );
      return { cut: () => deadline.abort() };
    },
    close() {
      // Nothing is kept between attempts.
    },
  };
}

/** The signal is the deadline. This one ends the process if the signal never comes. */
const BACKSTOP_MS = 1000;

const SYSTEM_PATH = '/sbin:/bin:/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin';

const DETAIL_CHARS = 200;

function environmentOf(
  { name, address }: ScriptBackend,
  check: ScriptCheckConfig,
): Record<string, string> {
  return {
    PATH: SYSTEM_PATH,
    LC_ALL: 'C',
    ...check.env,
    HFM_BACKEND: name,
    HFM_ADDRESS: address,
    HFM_FAMILY: familyOf(address),
    HFM_CHECK: check.name,
    HFM_TIMEOUT_MS: String(Math.round(check.rhythm.timeoutMs)),
  };
}

function verdictOn(result: ScriptResult, check: ScriptCheckConfig): Verdict {
  switch (result.kind) {
    case 'not-started': {
      const [program] = check.command;
      const why = `${program} did not start: ${result.message} (${result.code})`;
      return inconclusive('script-not-started', why);
    }
    case 'lost':
      return inconclusive('script-lost', result.message);
    case 'exited':
      return exitVerdict(result.code, lineOf(result, check.exit), besides(result), check.exit);
    case 'signalled':
      if (result.signal === 'SIGINT' && wasInterrupted(result, check)) {
        const after = formatDuration(check.interruptAfterMs ?? 0);
        return fail('script-timeout', withLine(`interrupted after ${after}`, result, check));
      }
      return fail('script-signal', withLine(`ended by ${result.signal}`, result, check));
    case 'timed-out':
    case 'aborted': {
      const after = formatDuration(check.rhythm.timeoutMs);
      return fail('script-timeout', withLine(`killed after ${after}`, result, check));
    }
  }
}

function exitVerdict(code: number, line: string, more: string, rule: ExitRule): Verdict {
  const status = `exit ${code}${SHELL_EXITS[code] ?? ''}`;
  const detail = `${line === '' ? status : `${status}: ${line}`}${more}`;
  if (code === 0) return pass(`${line === '' ? status : line}${more}`);
  if (rule.kind === 'nagios') {
    if (code === 1 && rule.warning === 'pass') return pass(detail);
    if (code === 3 && rule.unknown === 'inconclusive')
      return inconclusive('script-unknown', detail);
  }
  return fail('script-exit', detail);
}

/** sh(1), Exit status of commands. */
const SHELL_EXITS: Readonly<Record<number, string>> = {
  126: ' (a command in it may not be run)',
  127: ' (a command in it was not found)',
};

/** Whether hfm sent the SIGINT. */
function wasInterrupted({ durationMs }: ExecOutput, { interruptAfterMs }: ScriptCheckConfig) {
  return interruptAfterMs !== null && durationMs >= interruptAfterMs;
}

function withLine(what: string, output: ExecOutput, check: ScriptCheckConfig): string {
  const line = lineOf(output, check.exit);
  return `${line === '' ? what : `${what}: ${line}`}${besides(output)}`;
}

/** The first line of stdout, else of stderr. Nagios plugins put performance data behind a `|`. */
function lineOf({ stdout, stderr }: ExecOutput, rule: ExitRule): string {
  const texts = rule.kind === 'nagios' ? [stdout.replace(/\|.*/g, ''), stderr] : [stdout, stderr];
  for (const text of texts) {
    for (const line of text.split('\n')) {
      const printable = oneLine(line, DETAIL_CHARS);
      if (printable !== '') return printable;
    }
  }
  return '';
}
