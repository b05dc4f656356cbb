import type { Verdict } from '../../src/core/verdict.ts';
import type { Probe } from '../../src/probes/probe.ts';

/** One attempt, cut when `deadline` aborts; without one, what waits for it hangs the test. */
export function runProbe(probe: Probe, deadline?: AbortSignal): Promise<Verdict> {
  return new Promise((resolve) => {
    const attempt = probe.start(resolve);
    deadline?.addEventListener('abort', () => attempt.cut());
  });
}
