import { formatDuration } from '../../core/duration.ts';
import type { Tell } from '../draft/note.ts';
import type { Setting, Settings } from './source/original-keys.ts';

/** A check's times as hfm.toml has them, in milliseconds; they fit into each other. */
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
 * interval_fail as the interval; no timeouts; debounce 1. It lets a test outlive its interval, hfm
 * does not, so that intervals grow where they must: a probe cut short would be a false failure.
 */
export function readTimes(settings: Settings, test: TimedTest, tell: Tell): Times {
  const interval = settings.interval?.value ?? 0;
  const wantedMs =
    interval > 0
      ? bounded('interval', settings.interval, MIN_INTERVAL_MS, test.line, tell)
      : DEFAULT_INTERVAL_MS;
  if (interval <= 0) {
    const message = `no interval, so that the original never waits; 1s is put in`;
    tell('fill-in', settings.interval?.line ?? test.line, message);
  }
  const downMs = readDownInterval(settings, wantedMs, test.line, tell);
  const timeoutMs = readTimeout(settings, test, Math.min(wantedMs, downMs), tell);
  const intervalMs = grown('interval', wantedMs, timeoutMs, test.line, tell);
  const downKey = settings.interval_fail === undefined ? null : 'interval_fail';
  const downIntervalMs = grown(downKey, downMs, timeoutMs, test.line, tell);
  const rise = readCount('change_success_debounce', settings, test.line, tell);
  const fall = readCount('change_fail_debounce', settings, test.line, tell);
  // The original has one pace for each state; hfm confirms both ways at fast_interval.
  const confirmMs = fall === 1 && rise > 1 ? Math.min(downMs, intervalMs) : wantedMs;
  if (rise > 1 && confirmMs !== downMs) {
    const pace = `every ${formatDuration(confirmMs)} (the original: ${formatDuration(downMs)})`;
    tell('remark', test.line, `On its way back up it is confirmed ${pace}.`);
  }
  const interrupt = settings.timeout_int?.value ?? 0;
  return {
    intervalMs,
    fastIntervalMs: confirmMs,
    downIntervalMs,
    timeoutMs,
    interruptAfterMs: test.isScript && interrupt > 0 && interrupt < timeoutMs ? interrupt : null,
    startDelayMs: bounded('start_delay', settings.start_delay, 0, test.line, tell),
    rise,
    fall,
  };
}

const DEFAULT_INTERVAL_MS = 1000;
/** hfm.toml(5): the least interval, the most of any duration, and the most for rise and fall. */
const MIN_INTERVAL_MS = 10;
const MAX_MS = 86_400_000;
const MAX_COUNT = 1000;

function readDownInterval(
  settings: Settings,
  intervalMs: number,
  line: number,
  tell: Tell,
): number {
  const setting = settings.interval_fail;
  if (setting === undefined) return intervalMs;
  if (setting.value > 0) return bounded('interval_fail', setting, MIN_INTERVAL_MS, line, tell);
  tell('look', setting.line, `interval_fail = 0 never waits; here it is as the interval`);
  return intervalMs;
}

/** The longest run that the original would have let a test have, as far as it says. */
function readTimeout(
  settings: Settings,
  { isScript, limitMs, line }: TimedTest,
  shortestMs: number,
  tell: Tell,
): number {
  const interrupt = settings.timeout_int?.value ?? 0;
  const limits = [settings.timeout_kill?.value ?? 0, limitMs ?? 0, isScript ? 0 : interrupt];
  const least = Math.min(...limits.filter((limit) => limit > 0));
  if (Number.isFinite(least)) return Math.min(Math.max(1, least), MAX_MS);
  // SIGINT ends most programs; one that goes on has the rest of the interval.
  if (interrupt > 0) return Math.min(Math.max(shortestMs, interrupt), MAX_MS);
  const message =
    `no timeout_kill, so that the original waits for ever; here a test that takes longer than ` +
    `${formatDuration(shortestMs)} (the shorter interval) fails`;
  tell('look', line, message);
  return shortestMs;
}

function grown(
  key: string | null,
  ms: number,
  timeoutMs: number,
  line: number,
  tell: Tell,
): number {
  if (ms >= timeoutMs) return ms;
  if (key === null) return timeoutMs;
  const message =
    `${key} = ${formatDuration(ms)} is shorter than a test may take, and in hfm the timeout fits ` +
    `into the interval: it is ${formatDuration(timeoutMs)} now; a shorter timeout allows less`;
  tell('look', line, message);
  return timeoutMs;
}

function bounded(
  key: string,
  setting: Setting<number> | undefined,
  leastMs: number,
  line: number,
  tell: Tell,
): number {
  const ms = setting?.value ?? 0;
  const good = Math.min(Math.max(ms, leastMs), MAX_MS);
  if (good !== ms) {
    const limit = `hfm takes ${formatDuration(leastMs)} to one day: it is ${formatDuration(good)} now`;
    tell('look', setting?.line ?? line, `${key} = ${formatDuration(ms)}; ${limit}`);
  }
  return good;
}

function readCount(
  key: 'change_fail_debounce' | 'change_success_debounce',
  settings: Settings,
  line: number,
  tell: Tell,
): number {
  const count = Math.max(1, settings[key]?.value ?? 1);
  if (count <= MAX_COUNT) return count;
  tell('look', settings[key]?.line ?? line, `${key} = ${count}; hfm counts to ${MAX_COUNT}`);
  return MAX_COUNT;
}
