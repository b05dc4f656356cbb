import type { Verdict } from '../../src/core/verdict.ts';
import type { Probe } from '../../src/probes/probe.ts';

/**
 * Runs one attempt and cuts it when `deadline` aborts. Without a deadline, a probe that hangs hangs
 * the test.
 */
export function runProbe(probe: Probe, deadline?: AbortSignal): Promise<Verdict> {
  return new Promise((resolve) => {
    const attempt = probe.start(resolve);
    deadline?.addEventListener('abort', () => attempt.cut());
  });
}
