import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { ExecRequest, ScriptResult } from '../../src/process/exec.ts';

/** A request with all that a test does not care for. */
export function request(over: Partial<ExecRequest>): ExecRequest {
  const env = { PATH: '/sbin:/bin:/usr/sbin:/usr/bin' };
  return { argv: [], env, timeoutMs: 20_000, maxOutputBytes: 4096, ...over };
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** Of a process that ran. */
export function output(result: ScriptResult) {
  if (result.kind === 'not-started' || result.kind === 'lost') throw new Error(result.message);
  return result;
}

/** Of the fixture's own telling. */
export function pidsOf(result: ScriptResult): number[] {
  const pids = output(result).stdout.trim().split(' ').map(Number);
  expect(pids).toHaveLength(2);
  return pids;
}

/** Not a zombie either, which a container's init may leave behind for ever. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout.trim());
}

/** The signals that were sent: 0 only asks whether somebody is there. */
export function signalsOf(kill: { mock: { calls: unknown[][] } }): unknown[] {
  return kill.mock.calls.map(([, signal]) => signal).filter((signal) => signal !== 0);
}
