import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'vitest';
import type { ExecRequest, ScriptResult } from '../../src/process/exec.ts';

/** A request with defaults for what a test does not say. */
export function request(over: Partial<ExecRequest>): ExecRequest {
  const env = { PATH: '/sbin:/bin:/usr/sbin:/usr/bin' };
  return { argv: [], env, timeoutMs: 20_000, maxOutputBytes: 4096, ...over };
}

export function fixture(name: string): string {
  return fileURLToPath(new URL(`fixtures/${name}`, import.meta.url));
}

/** The output of a process that ran. */
export function output(result: ScriptResult) {
  if (result.kind === 'not-started' || result.kind === 'lost') throw new Error(result.message);
  return result;
}

/** The two pids that a fixture prints. */
export function pidsOf(result: ScriptResult): number[] {
  const pids = output(result).stdout.trim().split(' ').map(Number);
  expect(pids).toHaveLength(2);
  return pids;
}

/** False for a zombie too, which a container's init may never reap. */
export function isAlive(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout.trim());
}

/** The signals that were sent, without 0, which only asks whether a process is there. */
export function signalsOf(kill: { mock: { calls: unknown[][] } }): unknown[] {
  return kill.mock.calls.map(([, signal]) => signal).filter((signal) => signal !== 0);
}
