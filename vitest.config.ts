import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // The first need programs beyond Node, which .ci/run installs; the soak takes ten minutes.
    exclude: ['test/system/real/**', 'test/soak/**', 'node_modules/**'],
    // The tests wait more than they compute.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
