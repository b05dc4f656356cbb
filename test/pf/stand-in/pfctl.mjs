import { mkdirSync } from 'node:fs';
import { logCall } from './call-log.mjs';
import { faultsFor, nonsense } from './faults.mjs';
import { withLock } from './lock.mjs';
import { parseOptions } from './options.mjs';
import { prepare } from './run.mjs';
import { openSession } from './session.mjs';
import { openStore } from './store.mjs';

/**
 * @typedef {object} Outcome
 * @property {string} stdout
 * @property {string} stderr
 * @property {number | null} code null when the process does not exit by itself
 * @property {Ending} ending
 */

/**
 * What the process does after writing its output.
 * @typedef {{ kind: 'exit' } | { kind: 'signal', signal: 'SIGKILL' | 'SIGTRAP' }
 *   | { kind: 'hang', ignoringTerm: boolean } | { kind: 'hold-pipes', ms: number }} Ending
 */

const MIB = 1024 * 1024;
const DEFAULT_DEVICE = '/dev/pf';

/**
 * Runs one call of pfctl. It reads HFM_PF_OS, HFM_PF_STATE and HFM_PF_FAULT from `env`.
 * @param {readonly string[]} argv without "pfctl"
 * @param {string | (() => Promise<string>)} stdin read only if the call wants it
 * @param {Readonly<Record<string, string | undefined>>} env
 * @returns {Promise<Outcome>}
 * @throws {Error} when the stand-in itself is used wrongly
 */
export async function main(argv, stdin, env) {
  const os = env.HFM_PF_OS || 'openbsd';
  if (os !== 'openbsd' && os !== 'freebsd') throw new Error(`HFM_PF_OS=${os}: not a known system`);
  const folder = env.HFM_PF_STATE;
  if (!folder) throw new Error('HFM_PF_STATE names no folder');
  mkdirSync(folder, { recursive: true });

  const parsed = parseOptions(argv, os);
  if (parsed.kind === 'refused') {
    logCall(folder, { argv, stdin: '', exit: 1, faults: [] });
    return ended('', parsed.stderr, 1);
  }
  const { options } = parsed;
  const faults = withLock(folder, () => faultsFor(folder, env.HFM_PF_FAULT, options));
  const names = faults.map(({ fault }) => fault);
  /** @param {Outcome} outcome */
  const logged = (outcome) => {
    logCall(folder, { argv, stdin: '', exit: outcome.code, faults: names });
    return outcome;
  };

  let hasDevice = true;
  for (const fault of faults) {
    if (fault.fault === 'slow') await wait(fault.ms ?? 1000);
    const noDevice = deviceProblem(fault.fault);
    if (noDevice !== undefined && options.dryRun) hasDevice = false;
    else if (noDevice !== undefined) {
      return logged(ended('', `pfctl: ${options.device}: ${noDevice}\n`, 1));
    }
    const instead = insteadOfCommand(fault);
    if (instead !== undefined) return logged(instead);
  }
  if (options.device !== DEFAULT_DEVICE) {
    if (options.dryRun) hasDevice = false;
    else return logged(ended('', `pfctl: ${options.device}: No such file or directory\n`, 1));
  }

  const text = options.file !== '-' ? '' : typeof stdin === 'string' ? stdin : await stdin();
  const store = openStore(folder);
  const { session, stdout, stderr } = openSession({ os, options, store, stdin: text, hasDevice });
  const run = await prepare(session);
  return withLock(folder, () => {
    const code = run();
    if (!names.includes('silent-noop')) store.save();
    const outcome = afterCommand(faults, ended(stdout(), stderr(), code));
    logCall(folder, { argv, stdin: text, exit: outcome.code, faults: names });
    return outcome;
  });
}

/**
 * @param {string} stdout
 * @param {string} stderr
 * @param {number} code
 * @returns {Outcome}
 */
function ended(stdout, stderr, code) {
  // 128 + 5: a shell's exit status for the recorded crash of FreeBSD's pfctl.
  if (code === 133) return { stdout, stderr, code: null, ending: signal('SIGTRAP') };
  return { stdout, stderr, code, ending: { kind: 'exit' } };
}

/** @param {string} fault */
function deviceProblem(fault) {
  if (fault === 'permission') return 'Permission denied';
  return fault === 'missing-device' ? 'No such file or directory' : undefined;
}

/**
 * @param {import('./faults.mjs').Fault} fault
 * @returns {Outcome | undefined}
 */
function insteadOfCommand(fault) {
  switch (fault.fault) {
    case 'fail':
    case 'fail-once':
      return ended('', fault.stderr ?? 'pfctl: Input/output error\n', fault.exit ?? 1);
    case 'nonsense-stdout':
      return ended(nonsense(fault.bytes ?? 4 * MIB), '', 0);
    case 'nonsense-stderr':
      return ended('', nonsense(fault.bytes ?? 4 * MIB), 1);
    case 'kill-before':
      return { stdout: '', stderr: '', code: null, ending: signal('SIGKILL') };
    case 'hang':
    case 'hang-ignoring-term':
      return { stdout: '', stderr: '', code: null, ending: hang(fault.fault) };
    default:
      return undefined;
  }
}

/**
 * @param {readonly import('./faults.mjs').Fault[]} faults
 * @param {Outcome} outcome
 * @returns {Outcome}
 */
function afterCommand(faults, outcome) {
  for (const fault of faults) {
    if (fault.fault === 'kill-after') {
      return { stdout: '', stderr: '', code: null, ending: signal('SIGKILL') };
    }
    if (fault.fault === 'hang-after') return { ...outcome, code: null, ending: hang(fault.fault) };
    if (fault.fault === 'hold-pipes') {
      return { ...outcome, ending: { kind: 'hold-pipes', ms: fault.ms ?? 10_000 } };
    }
  }
  return outcome;
}

/**
 * @param {'SIGKILL' | 'SIGTRAP'} name
 * @returns {Ending}
 */
function signal(name) {
  return { kind: 'signal', signal: name };
}

/**
 * @param {string} fault
 * @returns {Ending}
 */
function hang(fault) {
  return { kind: 'hang', ignoringTerm: fault === 'hang-ignoring-term' };
}

/** @param {number} ms */
function wait(ms) {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
