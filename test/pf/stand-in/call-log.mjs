import { appendFileSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';

/** The log has the beginning of a longer input; `stdinBytes` has the size. */
const STDIN_LIMIT = 16_384;

/**
 * A line of `calls.jsonl`. Calls that change something are in the order of their changes.
 * @typedef {object} Call
 * @property {string} at ISO 8601: when the line was written
 * @property {number} pid
 * @property {string[]} argv without "pfctl"
 * @property {string} stdin
 * @property {number} stdinBytes
 * @property {number | null} exit null when the call does not end by itself
 * @property {string[]} [faults] the names of the faults that affected the call
 */

/**
 * @param {string} folder
 * @param {{ argv: readonly string[], stdin: string, exit: number | null,
 *   faults: readonly string[] }} call
 */
export function logCall(folder, { argv, stdin, exit, faults }) {
  /** @type {Call} */
  const line = {
    at: new Date().toISOString(),
    pid: process.pid,
    argv: [...argv],
    stdin: stdin.slice(0, STDIN_LIMIT),
    stdinBytes: Buffer.byteLength(stdin),
    exit,
    ...(faults.length > 0 && { faults: [...faults] }),
  };
  mkdirSync(folder, { recursive: true });
  appendFileSync(join(folder, 'calls.jsonl'), `${JSON.stringify(line)}\n`);
}
