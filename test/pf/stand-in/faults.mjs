import { join } from 'node:path';
import { COMMAND_NAMES, commandNames } from './command-names.mjs';
import { readJson, writeJson } from './store.mjs';

/** @typedef {import('./options.mjs').Options} Options */

/**
 * A fault in `faults.json` (an array of faults, or one) or in HFM_PF_FAULT (the same, or names with
 * commas between).
 * @typedef {object} Fault
 * @property {string} fault one of FAULT_NAMES
 * @property {string[]} [on] only for these commands (COMMAND_NAMES)
 * @property {string | string[]} [table] only for these tables
 * @property {string} [anchor] only with this -a ('' is the main ruleset)
 * @property {number} [skip] does not affect so many matching calls first
 * @property {number} [times] ends after this many calls
 * @property {number} [ms] for slow (default 1000) and hold-pipes (default 10000)
 * @property {number} [bytes] for nonsense-stdout and nonsense-stderr (default 4 MiB)
 * @property {number} [exit] for fail (default 1)
 * @property {string} [stderr] for fail (default "pfctl: Input/output error\n")
 */

const FAULT_NAMES = [
  // instead of the command, or before it
  ...['slow', 'permission', 'missing-device', 'fail', 'fail-once', 'hang', 'hang-ignoring-term'],
  ...['kill-before', 'nonsense-stdout', 'nonsense-stderr'],
  // after the command, or while pretending to run it
  ...['silent-noop', 'kill-after', 'hang-after', 'hold-pipes'],
];

const KEYS = 'fault on table anchor skip times ms bytes exit stderr'.split(' ');

/**
 * The faults that affect this call. Counts the call for `skip` and `times`; the caller has the lock.
 * @param {string} folder
 * @param {string | undefined} inEnvironment HFM_PF_FAULT
 * @param {Options} options
 * @returns {Fault[]}
 * @throws {Error} for an unknown fault, command or key
 */
export function faultsFor(folder, inEnvironment, options) {
  const fromFile = readJson(join(folder, 'faults.json')) ?? [];
  const faults = [...listOf(fromFile, 'faults.json'), ...fromEnvironment(inEnvironment)];
  if (faults.length === 0) return [];
  const matching = faults.filter((fault) => matches(fault, options));
  const countsFile = join(folder, 'fault-counts.json');
  const counts = /** @type {Record<string, number>} */ (readJson(countsFile) ?? {});
  const active = matching.filter((fault) => {
    const key = JSON.stringify(fault);
    const before = counts[key] ?? 0;
    counts[key] = before + 1;
    const { skip = 0, times = fault.fault === 'fail-once' ? 1 : Number.POSITIVE_INFINITY } = fault;
    return before >= skip && before < skip + times;
  });
  if (matching.length > 0) writeJson(countsFile, counts);
  return active;
}

/** @param {number} bytes */
export function nonsense(bytes) {
  const line =
    '   10.0.0.1 garbage \u0007\u001b[2J 999.999.999.999/77 ::::: table does exist not\n';
  return line.repeat(Math.ceil(bytes / line.length)).slice(0, bytes);
}

/**
 * @param {string | undefined} text
 * @returns {Fault[]}
 */
function fromEnvironment(text) {
  if (text === undefined || text === '') return [];
  if (/^\s*[[{]/.test(text)) return listOf(JSON.parse(text), 'HFM_PF_FAULT');
  return listOf(
    text.split(',').map((fault) => ({ fault })),
    'HFM_PF_FAULT',
  );
}

/**
 * @param {unknown} value
 * @param {string} where
 * @returns {Fault[]}
 */
function listOf(value, where) {
  const list = Array.isArray(value) ? value : [value];
  for (const fault of list) {
    if (!FAULT_NAMES.includes(fault?.fault)) {
      throw new Error(`${where}: unknown fault ${JSON.stringify(fault)}; known: ${FAULT_NAMES}`);
    }
    for (const key of Object.keys(fault)) {
      if (!KEYS.includes(key)) throw new Error(`${where}: unknown key "${key}"; known: ${KEYS}`);
    }
    for (const name of fault.on ?? []) {
      if (!COMMAND_NAMES.includes(name)) {
        throw new Error(`${where}: unknown command "${name}"; known: ${COMMAND_NAMES}`);
      }
    }
  }
  return list;
}

/**
 * @param {Fault} fault
 * @param {Options} options
 */
function matches(fault, options) {
  if (fault.on !== undefined) {
    const names = commandNames(options);
    if (!fault.on.some((name) => names.includes(name))) return false;
  }
  if (fault.table !== undefined && ![fault.table].flat().includes(options.table ?? '')) {
    return false;
  }
  return fault.anchor === undefined || fault.anchor === (options.anchor ?? '');
}
