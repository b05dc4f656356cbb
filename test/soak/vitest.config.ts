import { defineConfig } from 'vitest/config';

/** Ten minutes; HFM_SOAK_MINUTES sets another length. */
export default defineConfig({ test: { include: ['test/soak/*.test.ts'] } });
