import type { Prober, ProberOutlets } from '../../src/prober/prober.ts';

/** A prober that makes no probe: the test says what the verdicts are. */
export interface ManualProber {
  readonly open: (outlets: ProberOutlets) => Prober;
  /** Counts a verdict, as a probe that has ended does. */
  readonly record: ProberOutlets['record'];
  /** How often other checks were to be probed. */
  readonly updates: number;
}

export function createManualProber(): ManualProber {
  let outlets: ProberOutlets | null = null;
  let updates = 0;
  return {
    open(given) {
      outlets = given;
      return {
        ready: Promise.resolve(),
        update() {
          updates += 1;
        },
        probeNow: () => Promise.resolve([]),
        isWatched: () => null,
        counts: { inFlight: 0, waiting: 0, watching: 0 },
        warnings: () => [],
        stop: () => Promise.resolve(),
      };
    },
    record(backend, check, record) {
      if (outlets === null) throw new Error('the prober was not opened');
      return outlets.record(backend, check, record);
    },
    get updates() {
      return updates;
    },
  };
}
