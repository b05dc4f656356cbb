import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    // These need programs beyond Node; .ci/run installs them and runs them by themselves.
    exclude: ['test/system/real/**', 'node_modules/**'],
    // The tests wait more than they compute.
    maxWorkers: '100%',
    testTimeout: 30_000,
    hookTimeout: 30_000,
  },
});
