import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { openBench } from './bench.ts';
import { describeContract } from './contract.ts';
import { CHECKS } from './shelves.ts';

describeContract('checks', 3, CHECKS);

/** A client program that ignores every signal that it can, and hangs. */
const HANGS = `trap '' INT TERM HUP PIPE; echo $$ >"$PIDS.$$"; mv "$PIDS.$$" "$PIDS"; exec sleep 60`;

describe('a check whose client hangs', () => {
  const HUNG = [
    ['ping', 'ping', []],
    ['dns', 'dig', ['www.example.org']],
    ['tcp-banner', 'nc', []],
    ['tls-expiry', 'openssl', []],
    ['postgres', 'pg_isready', []],
    ['postgres', 'psql', ['-m', 'writable']],
    ['redis', 'redis-cli', []],
    ['redis', 'nc', []],
    ['haproxy-stats', 'curl', ['-u', 'http://192.0.2.1/;csv', 'web']],
    ['haproxy-stats', 'nc', ['-s', '192.0.2.1:9999', 'web']],
  ] as const;
  test.for(HUNG)(
    '%s ends with %s at the deadline, and leaves nothing',
    async ([check, client, args], context) => {
      const bench = openBench(context);
      bench.link('mv');
      bench.fake(client, HANGS);
      const pids = bench.path('pid');
      const deadline = new AbortController();
      const running = bench.run(`checks/${check}`, {
        args,
        env: { HFM_ADDRESS: '192.0.2.1', HFM_PORT: '1', PIDS: pids },
        signal: deadline.signal,
      });
      await vi.waitFor(() => expect(existsSync(pids)).toBe(true), { timeout: 15_000 });
      const pid = Number(readFileSync(pids, 'utf8'));
      expect(isThere(pid)).toBe(true);
      deadline.abort();
      expect((await running).code).toBe(null);
      await vi.waitFor(() => expect(isThere(pid)).toBe(false), { timeout: 10_000 });
    },
  );
});

/** A zombie has ended, though it is not reaped yet. */
function isThere(pid: number): boolean {
  const { stdout } = spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' });
  return /^[^Z]/.test(stdout.trim());
}
