import { spawnSync } from 'node:child_process';

/** Whether it takes this machine so long to start a program that few tests should do so at once. */
export function isSlowMachine(): boolean {
  const tries = [1, 2, 3].map(() => {
    const beganMs = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    return performance.now() - beganMs;
  });
  return Math.min(...tries) > SLOW_MS;
}

/** A machine of today takes 40 ms. */
const SLOW_MS = 100;
