import { setTimeout as sleep } from 'node:timers/promises';

/** CLOCK_MONOTONIC in milliseconds, the same in every process of this machine. */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}

/** Waits until `test` holds. After the cap it throws with `what`, evaluated then. */
export async function until(
  what: string | (() => string),
  capMs: number,
  test: () => boolean | Promise<boolean>,
): Promise<void> {
  const deadlineMs = nowMs() + capMs;
  while (!(await test())) {
    if (nowMs() > deadlineMs) {
      const text = typeof what === 'string' ? what : what();
      throw new Error(`not within ${capMs / 1000} s: ${text}`);
    }
    await sleep(20);
  }
}
