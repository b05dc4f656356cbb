import { isChanging, type Streak } from './health.ts';

/** A check's rhythm, all in milliseconds. */
export interface Rhythm {
  readonly intervalMs: number;
  readonly fastIntervalMs: number;
  readonly downIntervalMs: number;
  readonly timeoutMs: number;
}

/** How long it is at most from one verdict of a check to its next. */
export function slowestMs(rhythm: Rhythm): number {
  const { intervalMs, fastIntervalMs, downIntervalMs, timeoutMs } = rhythm;
  return Math.max(intervalMs, fastIntervalMs, downIntervalMs) + timeoutMs;
}

/** The wait from one start to the next, as the streak stands now. */
export function currentIntervalMs(rhythm: Rhythm, streak: Streak): number {
  const { intervalMs, fastIntervalMs, downIntervalMs } = rhythm;
  if (isChanging(streak)) return fastIntervalMs;
  return streak.health === 'down' ? downIntervalMs : intervalMs;
}

/**
 * Where in its interval a check starts: the same for the same name at every start, and spread evenly
 * over names (32-bit FNV-1a). From 0 up to, but not including, `intervalMs`.
 */
export function phaseMs(name: string, intervalMs: number): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < name.length; i++) {
    hash ^= name.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  // FNV's low bits are the well-mixed ones of short keys; one more round spreads them upwards.
  hash = Math.imul(hash ^ (hash >>> 16), 0x45d9f3b);
  return (((hash ^ (hash >>> 16)) >>> 0) / 2 ** 32) * intervalMs;
}

/** A connection of hfmd's own, or a process. */
export type ProbeKind = 'network' | 'script';

/**
 * Starts are gathered on ticks: those of one moment share the work of waking up, which halves what a
 * probe costs. A tick is a whole part of the interval, so that the grid of a check stays exact: a
 * fiftieth of it and 20 ms at the most. For scripts it is twice as long, since each start wakes two
 * processes.
 */
export function tickMs(intervalMs: number, kind: ProbeKind): number {
  const { parts, mostMs } = TICKS[kind];
  return intervalMs / Math.max(parts, Math.ceil(intervalMs / mostMs));
}

/** The first tick from `ms` on. */
export function onTick(ms: number, intervalMs: number, kind: ProbeKind): number {
  const tick = tickMs(intervalMs, kind);
  return Math.ceil(ms / tick) * tick;
}

/**
 * When, from the beginning on, a check starts for the first time that is to be spread to `shareMs`: as
 * many start together as on a tick, but the first of them at once.
 */
export function firstDelayMs(shareMs: number, intervalMs: number, kind: ProbeKind): number {
  const tick = tickMs(intervalMs, kind);
  return Math.floor(shareMs / tick) * tick;
}

const TICKS = {
  network: { parts: 50, mostMs: 20 },
  script: { parts: 25, mostMs: 40 },
} as const;

/** When a probe was to start, and when it did. */
export interface Start {
  readonly dueMs: number;
  readonly startMs: number;
}

/**
 * When the next probe is due, so that lateness never adds up: on the grid origin + k * interval, or
 * `fast_interval` after the last one while a change is being confirmed. That counts from the start of
 * the first one of a change, and from the due time of each further one as long as half of it is left:
 * no change is confirmed sooner than by probes that are all punctual.
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
 * The longest that a death can stay unseen by one check: it happens right after a pass, the next
 * probe starts a whole interval later, and each of the `fall` probes takes its whole timeout.
 */
export function worstCaseDetectionMs(rhythm: Rhythm, fall: number): number {
  const spacingMs = Math.max(rhythm.fastIntervalMs, rhythm.timeoutMs);
  return rhythm.intervalMs + (fall - 1) * spacingMs + rhythm.timeoutMs;
}

/** Timers round to milliseconds: a start this early belongs to its slot and must not run it twice. */
const EARLY_MS = 1;
