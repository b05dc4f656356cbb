import { defineConfig } from 'vitest/config';
import { isSlowMachine } from './test/slow-machine.ts';

const isSlow = isSlowMachine();

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The first need programs beyond Node, which .ci/run installs; the soak takes ten minutes.
    exclude: ['test/system/real/**', 'test/soak/**', 'node_modules/**'],
    // The tests wait more than they compute. But each has a deadline, and many start dozens of
    // programs: where that takes long, there must be fewer at once (also test/system/harness.ts).
    maxWorkers: isSlow ? 1 : '100%',
    env: isSlow ? { HFM_TEST_SLOW: '1' } : {},
    testTimeout: 30_000,
    hookTimeout: 30_000,
    coverage: {
      provider: 'v8',
      include: ['src/**/*.ts'],
      reporter: ['text', 'html'],
      reportOnFailure: true,
    },
  },
});
