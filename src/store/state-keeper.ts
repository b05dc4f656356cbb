import type { Clock, Timer } from '../sys/clock.ts';
import type { Log } from '../sys/log.ts';
import { type DurableState, writeState } from './state-file.ts';

/** Decides when the state file is written, and says once when it can't be. */
export interface StateKeeper {
  /** Writes now. A failure is logged, and tried again until it is written. */
  save(): void;
  /** Writes within a short time, together with what else changes until then. */
  saveSoon(): void;
  /** Why the last write failed; null when it did not. */
  readonly failure: string | null;
  /** Writes for the last time. */
  stop(): void;
}

/** Each write waits for the disk; what actions were told is worth no more than one now and then. */
const SOON_MS = 2000;
/** A word must be on disk soon after there is room again; and each try waits for the disk. */
const RETRY_MS = 5000;

export function createStateKeeper(
  { clock, log, file }: { clock: Clock; log: Log; file: string },
  collect: () => DurableState,
): StateKeeper {
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
    get failure() {
      return failure;
    },
    saveSoon() {
      timer ??= clock.after(SOON_MS, save);
    },
    stop() {
      stopped = true;
      save();
    },
  };
}
