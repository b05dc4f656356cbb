import { afterEach, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/sys/clock.ts';

const warned = vi.fn();
process.on('warning', warned);
afterEach(() => void process.off('warning', warned));

it('takes a time that has passed for now, of which Node 24 would warn', async () => {
  await new Promise<void>((resolve) => void systemClock.after(-10, resolve));
  expect(warned).not.toHaveBeenCalled();
});
