import { expect, it, onTestFinished, vi } from 'vitest';
import { systemClock } from '../../src/sys/clock.ts';

it('runs a timer with a negative delay, without the warning of Node 24', async () => {
  const warned = vi.fn();
  process.on('warning', warned);
  onTestFinished(() => void process.off('warning', warned));
  await new Promise<void>((resolve) => void systemClock.after(-10, resolve));
  expect(warned).not.toHaveBeenCalled();
});
