import type { AdminRequest } from './protocol.ts';

export type AdminRequestResult =
  | { readonly ok: true; readonly request: AdminRequest }
  | { readonly ok: false; readonly error: string };

/** Long enough for a sentence, and short enough for a log line. */
const MAX_TEXT = 500;
/** Ten years. A longer time is meant to have no end. */
const MAX_FOR_MS = 10 * 365 * 86_400_000;

/** Reads the body of `POST /v1/admin`. */
export function decodeAdminRequest(body: Readonly<Record<string, unknown>>): AdminRequestResult {
  const { state, names = [], pools = [], by = null, reason = null, for_ms = null } = body;
  const { force = false } = body;
  if (state !== 'ready' && state !== 'drain' && state !== 'maint' && state !== 'force-up') {
    return refuse('state', '"ready", "drain", "maint" or "force-up"');
  }
  if (!isTexts(names)) return refuse('names', 'an array of names');
  if (!isTexts(pools)) return refuse('pools', 'an array of names');
  if (names.length + pools.length === 0) return refuse('names', 'at least one name or pool');
  if (!isTextOrNull(by)) return refuse('by', TEXT_EXPECTED);
  if (!isTextOrNull(reason)) return refuse('reason', TEXT_EXPECTED);
  if (for_ms !== null && !isDuration(for_ms)) {
    return refuse('for_ms', 'a number of milliseconds above 0');
  }
  if (typeof force !== 'boolean') return refuse('force', 'true or false');
  const once = { names: [...new Set(names)], pools: [...new Set(pools)] };
  return { ok: true, request: { state, ...once, by, reason, for_ms, force } };
}

const TEXT_EXPECTED = `one line of 1 to ${MAX_TEXT} characters`;

function refuse(key: string, expected: string): AdminRequestResult {
  return { ok: false, error: `${key}: expected ${expected}` };
}

function isTexts(value: unknown): value is string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function isTextOrNull(value: unknown): value is string | null {
  if (value === null) return true;
  // It goes to terminals and logs: nothing in it may move the cursor or end the line.
  return typeof value === 'string' && /^\P{Cc}+$/u.test(value) && value.length <= MAX_TEXT;
}

function isDuration(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= MAX_FOR_MS;
}
