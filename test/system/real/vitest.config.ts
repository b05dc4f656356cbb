import { defineConfig } from 'vitest/config';

/** Tests that need programs beyond Node: HAProxy, and ip(8) with the right to make namespaces. */
export default defineConfig({
  test: {
    include: ['test/system/real/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
  },
});
