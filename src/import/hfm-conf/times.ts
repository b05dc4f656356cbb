import { formatDuration } from '../../core/duration.ts';
import type { AddNote } from '../draft/note.ts';
import type { Setting, Settings } from './source/original-keys.ts';

/** A check's times as hfm.toml has them. The timeout fits into both intervals. */
export interface Times {
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
  readonly downIntervalMs: number;
  readonly timeoutMs: number;
  readonly interruptAfterMs: number | null;
  readonly startDelayMs: number;
  readonly rise: number;
  readonly fall: number;
}

export interface TimedTest {
  readonly isScript: boolean;
  /** The test's own deadline, such as curl's --max-time. */
  readonly limitMs: number | null;
  readonly line: number;
}

/**
 * The original's times in hfm's terms. Its defaults (README.md): interval 0, which is at once;
 * interval_fail as the interval; no timeouts; debounce 1. It lets a test outlive its interval, which
 * hfm does not. So a short interval grows: a probe that is cut short would be a false failure.
 */
export function readTimes(settings: Settings, test: TimedTest, addNote: AddNote): Times {
  const interval = settings.interval?.value ?? 0;
  const wantedMs =
    interval > 0
      ? bounded('interval', settings.interval, MIN_INTERVAL_MS, test.line, addNote)
      : DEFAULT_INTERVAL_MS;
  if (interval <= 0) {
    const message = `no interval, so the original never waits; 1s is filled in`;
    addNote('fill-in', settings.interval?.line ?? test.line, message);
  }
  const downMs = readDownInterval(settings, wantedMs, test.line, addNote);
  const timeoutMs = readTimeout(settings, test, Math.min(wantedMs, downMs), addNote);
  const intervalMs = grown('interval', wantedMs, timeoutMs, test.line, addNote);
  const downKey = settings.interval_fail === undefined ? null : 'interval_fail';
  const downIntervalMs = grown(downKey, downMs, timeoutMs, test.line, addNote);
  const rise = readCount('change_success_debounce', settings, test.line, addNote);
  const fall = readCount('change_fail_debounce', settings, test.line, addNote);
  // The original has one interval for each state. hfm confirms a change of either at fast_interval.
  const confirmMs = fall === 1 && rise > 1 ? Math.min(downMs, intervalMs) : wantedMs;
  if (rise > 1 && confirmMs !== downMs) {
    const pace = `every ${formatDuration(confirmMs)} (the original: ${formatDuration(downMs)})`;
    addNote('remark', test.line, `A recovery is confirmed by a probe ${pace}.`);
  }
  const interrupt = settings.timeout_int?.value ?? 0;
  return {
    intervalMs,
    fastIntervalMs: confirmMs,
    downIntervalMs,
    timeoutMs,
    interruptAfterMs: test.isScript && interrupt > 0 && interrupt < timeoutMs ? interrupt : null,
    startDelayMs: bounded('start_delay', settings.start_delay, 0, test.line, addNote),
    rise,
    fall,
  };
}

const DEFAULT_INTERVAL_MS = 1000;
/** hfm.toml(5): the least interval, the longest duration, and the maximum of rise and fall. */
const MIN_INTERVAL_MS = 10;
const MAX_MS = 86_400_000;
const MAX_COUNT = 1000;

function readDownInterval(
  settings: Settings,
  intervalMs: number,
  line: number,
  addNote: AddNote,
): number {
  const setting = settings.interval_fail;
  if (setting === undefined) return intervalMs;
  if (setting.value > 0) return bounded('interval_fail', setting, MIN_INTERVAL_MS, line, addNote);
  addNote('look', setting.line, `interval_fail = 0 never waits; hfm uses the interval instead`);
  return intervalMs;
}

/** The longest run that the original allows a test, or the shorter interval where it sets no limit. */
function readTimeout(
  settings: Settings,
  { isScript, limitMs, line }: TimedTest,
  shortestMs: number,
  addNote: AddNote,
): number {
  const interrupt = settings.timeout_int?.value ?? 0;
  const limits = [settings.timeout_kill?.value ?? 0, limitMs ?? 0, isScript ? 0 : interrupt];
  const least = Math.min(...limits.filter((limit) => limit > 0));
  if (Number.isFinite(least)) return Math.min(Math.max(1, least), MAX_MS);
  // SIGINT ends most programs. One that ignores it gets the rest of the interval.
  if (interrupt > 0) return Math.min(Math.max(shortestMs, interrupt), MAX_MS);
  const message =
    `no timeout_kill, so the original waits for ever; hfm fails a test after ` +
    `${formatDuration(shortestMs)} (the shorter interval)`;
  addNote('look', line, message);
  return shortestMs;
}

function grown(
  key: string | null,
  ms: number,
  timeoutMs: number,
  line: number,
  addNote: AddNote,
): number {
  if (ms >= timeoutMs) return ms;
  if (key === null) return timeoutMs;
  const message =
    `${key} = ${formatDuration(ms)} is shorter than the timeout, which hfm does not allow: it is ` +
    `${formatDuration(timeoutMs)} now; a shorter timeout allows a shorter interval`;
  addNote('look', line, message);
  return timeoutMs;
}

function bounded(
  key: string,
  setting: Setting<number> | undefined,
  leastMs: number,
  line: number,
  addNote: AddNote,
): number {
  const ms = setting?.value ?? 0;
  const good = Math.min(Math.max(ms, leastMs), MAX_MS);
  if (good !== ms) {
    const limit = `hfm takes ${formatDuration(leastMs)} to one day: it is ${formatDuration(good)} now`;
    addNote('look', setting?.line ?? line, `${key} = ${formatDuration(ms)}; ${limit}`);
  }
  return good;
}

function readCount(
  key: 'change_fail_debounce' | 'change_success_debounce',
  settings: Settings,
  line: number,
  addNote: AddNote,
): number {
  const count = Math.max(1, settings[key]?.value ?? 1);
  if (count <= MAX_COUNT) return count;
  addNote('look', settings[key]?.line ?? line, `${key} = ${count}; the maximum is ${MAX_COUNT}`);
  return MAX_COUNT;
}
