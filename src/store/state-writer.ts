import type { Clock, Timer } from '../sys/clock.ts';
import type { Log } from '../sys/log.ts';
import { type SavedState, writeState } from './state-file.ts';

/** Decides when the state file is written, and says once when it can't be. */
export interface StateWriter {
  /** Writes now. A failure is logged, and tried again until it is written. */
  save(): void;
  /** Writes within a short time, together with what else changes until then. */
  saveSoon(): void;
  /** A warning while the last write has failed. */
  warnings(): readonly string[];
  /** Writes for the last time. */
  stop(): void;
}

/** Each write waits for the disk, and what actions were told can wait. */
const SOON_MS = 2000;
/** An override must be on disk soon after there is room again; and each try waits for the disk. */
const RETRY_MS = 5000;

export function createStateWriter(
  { clock, log, file }: { clock: Clock; log: Log; file: string },
  collect: () => SavedState,
): StateWriter {
  let timer: Timer | null = null;
  let failure: string | null = null;
  let stopped = false;
  const save = (): void => {
    timer?.cancel();
    timer = null;
    try {
      writeState(file, collect());
      if (failure !== null) log.info({ file }, 'state file can be written again');
      failure = null;
    } catch (error) {
      const { message } = error as Error;
      if (failure === null) log.error({ file, error: message }, 'state file can not be written');
      failure = message;
      if (!stopped) timer = clock.after(RETRY_MS, save);
    }
  };
  return {
    save,
    saveSoon() {
      timer ??= clock.after(SOON_MS, save);
    },
    warnings: () =>
      failure === null
        ? []
        : [`state file can't be written, a restart loses the overrides set since: ${failure}`],
    stop() {
      stopped = true;
      save();
    },
  };
}
