import { defineConfig } from 'vitest/config';
import { isSlowMachine } from '../../slow-machine.ts';

/**
 * Tests that need programs other than Node, such as HAProxy, and ip(8) with the right to make
 * namespaces.
 */
export default defineConfig({
  test: {
    include: ['test/system/real/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    fileParallelism: false,
    env: isSlowMachine() ? { HFM_TEST_SLOW: '1' } : {},
  },
});
