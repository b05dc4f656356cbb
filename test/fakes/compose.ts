import type { Config } from '../../src/config/config.ts';
import { compose } from '../../src/daemon/compose.ts';
import type { Rooms } from '../../src/daemon/rooms.ts';
import type { PfDriver } from '../../src/pf/driver.ts';
import type { Clock } from '../../src/sys/clock.ts';
import { createRecordingLog } from './log.ts';
import { createManualProber, type ManualProber } from './prober.ts';

export interface ComposedDeps {
  readonly clock: Clock;
  readonly driver: PfDriver;
  readonly stateFile: string;
}

/** The daemon's own composition over a fake clock and a fake pf; the test gives the verdicts. */
export function composeForTest(
  { clock, driver, stateFile }: ComposedDeps,
  config: Config,
): { readonly rooms: Rooms; readonly prober: ManualProber } {
  const prober = createManualProber();
  const rooms = compose(
    {
      clock,
      driver,
      exec: () => Promise.reject(new Error('no backend of the tests has an action')),
      log: createRecordingLog(),
      ownAddresses: () => new Set(),
      carpAddresses: () => Promise.resolve(new Set()),
      openProber: prober.open,
    },
    { ...config, daemon: { ...config.daemon, stateFile } },
  );
  return { rooms, prober };
}
