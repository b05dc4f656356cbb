import { isChanging, type Streak } from './health.ts';

/** How often a check is probed. All times are in milliseconds. */
export interface Rhythm {
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
  readonly downIntervalMs: number;
  readonly timeoutMs: number;
}

/** The longest time from one verdict of a check to the next, in milliseconds. */
export function slowestMs(rhythm: Rhythm): number {
  const { intervalMs, fastIntervalMs, downIntervalMs, timeoutMs } = rhythm;
  return Math.max(intervalMs, fastIntervalMs, downIntervalMs) + timeoutMs;
}

/** The time from one start to the next, for this streak. */
export function currentIntervalMs(rhythm: Rhythm, streak: Streak): number {
  const { intervalMs, fastIntervalMs, downIntervalMs } = rhythm;
  if (isChanging(streak)) return fastIntervalMs;
  return streak.health === 'down' ? downIntervalMs : intervalMs;
}

/**
 * Where in its interval a check starts: always the same for the same name, and spread evenly over names
 * (32-bit FNV-1a). From 0 up to, but not including, `intervalMs`.
 */
export function phaseMs(name: string, intervalMs: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash ^= name.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // For short keys only FNV's low bits are mixed well; one more round spreads them upwards.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * intervalMs;
}

/** What a probe needs: a connection of hfmd's own, or a process. */
export type ProbeKind = 'network' | 'script';

/**
 * Probes start on ticks only: those of one tick share one wake-up, which halves the cost of a probe. An
 * interval is a whole number of ticks, so that every start of a check is on a tick. A tick is at most a
 * fiftieth of the interval and 20 ms. It is twice as long for scripts, since each start wakes two
 * processes.
 */
export function tickMs(intervalMs: number, kind: ProbeKind): number {
  const { parts, mostMs } = TICKS[kind];
  return intervalMs / Math.max(parts, Math.ceil(intervalMs / mostMs));
}

/** The first tick at or after `ms`. */
export function onTick(ms: number, intervalMs: number, kind: ProbeKind): number {
  const tick = tickMs(intervalMs, kind);
  return Math.ceil(ms / tick) * tick;
}

/**
 * The delay of a check's first start. `shareMs` is its part of the time over which new checks are
 * spread. As many start together as on a tick, but the first of them start at once.
 */
export function firstDelayMs(shareMs: number, intervalMs: number, kind: ProbeKind): number {
  const tick = tickMs(intervalMs, kind);
  return Math.floor(shareMs / tick) * tick;
}

const TICKS = {
  network: { parts: 50, mostMs: 20 },
  script: { parts: 25, mostMs: 40 },
} as const;

/** When a probe was due, and when it started. */
export interface Start {
  readonly dueMs: number;
  readonly startMs: number;
}

/**
 * When the next probe is due: at origin + k * interval, so that lateness never adds up, or
 * `fast_interval` after the last probe while a change is being confirmed. `fast_interval` counts from the
 * start of the first probe of a change. After that it counts from the due time, as long as half of it is
 * left: late probes confirm no change sooner than punctual ones.
 * The result is always after the last start.
 */
export function nextDueMs(originMs: number, last: Start, rhythm: Rhythm, streak: Streak): number {
  const intervalMs = currentIntervalMs(rhythm, streak);
  const { startMs } = last;
  if (isChanging(streak)) {
    if (streak.passes + streak.failures <= 1) return startMs + intervalMs;
    return Math.max(last.dueMs + intervalMs, startMs + intervalMs / 2);
  }
  const slot = Math.floor((startMs - originMs) / intervalMs) + 1;
  const dueMs = originMs + slot * intervalMs;
  return dueMs - startMs < EARLY_MS ? dueMs + intervalMs : dueMs;
}

/**
 * The longest time that one check needs to see a death: the death comes right after a pass, the next
 * probe starts a whole interval later, and each of the `fall` probes takes its whole timeout.
 */
export function worstCaseDetectionMs(rhythm: Rhythm, fall: number): number {
  const spacingMs = Math.max(rhythm.fastIntervalMs, rhythm.timeoutMs);
  return rhythm.intervalMs + (fall - 1) * spacingMs + rhythm.timeoutMs;
}

/** Timers are rounded to milliseconds: a start this much too early counts as the start that was due. */
const EARLY_MS = 1;
