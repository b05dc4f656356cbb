import { spawnSync } from 'node:child_process';
import { defineConfig } from 'vitest/config';

const isSlow = startMs() > 80;

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The first need programs beyond Node, which .ci/run installs; the soak takes ten minutes.
    exclude: ['test/system/real/**', 'test/soak/**', 'node_modules/**'],
    // The tests wait more than they compute. But each has a deadline, and many start dozens of
    // programs: where that takes long, there must be fewer at once.
    maxWorkers: isSlow ? 1 : '100%',
    maxConcurrency: isSlow ? 2 : 5,
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});

/** How long this machine takes to start a program, at best of three. */
function startMs(): number {
  const tries = [1, 2, 3].map(() => {
    const beganMs = performance.now();
    spawnSync(process.execPath, ['-e', '0']);
    return performance.now() - beganMs;
  });
  return Math.min(...tries);
}
