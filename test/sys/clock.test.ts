import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/sys/clock.ts';

it('takes a time that has passed for now, of which Node 24 would warn', async () => {
  const warned = vi.fn();
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  await new Promise<void>((resolve) => void systemClock.after(-10, resolve));
  expect(warned).not.toHaveBeenCalled();
});
