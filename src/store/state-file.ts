import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname } from 'node:path';
import { parseAddress } from '../core/address.ts';
import type { Ledger, LedgerEntry } from '../core/ledger.ts';
import type { Override } from '../core/override.ts';
import type { Log } from '../sys/log.ts';

/**
 * What outlives hfmd: the overrides, what is hfm's in the tables, what actions were told, and the
 * addresses that are out of their tables while pf may still send sticky clients there.
 */
export interface SavedState {
  readonly overrides: ReadonlyMap<string, Override>;
  readonly ledger: Ledger;
  readonly announced: ReadonlyMap<string, 'up' | 'down'>;
  readonly unreleased: readonly string[];
}

export const NOTHING_SAVED: SavedState = {
  overrides: new Map(),
  ledger: [],
  announced: new Map(),
  unreleased: [],
};

const VERSION = 1;

/**
 * Reads the state file. A missing file is an empty state. A file that can't be understood is renamed,
 * with a warning, and never keeps hfmd from starting.
 */
export function readState(file: string, wallMs: number, log: Log): SavedState {
  let decoded: Decoded;
  try {
    decoded = decodeState(readFileSync(file, 'utf8'));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT') return NOTHING_SAVED;
    decoded = { ok: false, why: `it can not be read: ${message}` };
  }
  if (decoded.ok) return decoded.state;
  // It may hold the only copy of the overrides: it must not be overwritten.
  const aside = `${file}.bad-${new Date(wallMs).toISOString().replace(/[:.]/g, '')}`;
  try {
    renameSync(file, aside);
    log.warn(
      { file, aside, why: decoded.why },
      'state file is damaged, set aside; starting afresh',
    );
  } catch (error) {
    const { message } = error as Error;
    log.warn({ file, why: decoded.why, error: message }, 'state file is damaged; starting afresh');
  }
  return NOTHING_SAVED;
}

/** Writes the whole state beside the file and renames it into place, so that it is never half written. */
export function writeState(file: string, state: SavedState): void {
  const temporary = `${file}.new`;
  mkdirSync(dirname(file), { recursive: true, mode: 0o750 });
  // A crash may have left one with another mode, which opening would keep.
  rmSync(temporary, { force: true });
  const descriptor = openSync(temporary, 'wx', 0o600);
  try {
    writeFileSync(descriptor, encodeState(state));
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
  renameSync(temporary, file);
}

function encodeState({ overrides, ledger, announced, unreleased }: SavedState): string {
  const state = {
    version: VERSION,
    overrides: Object.fromEntries(overrides),
    ledger,
    announced: Object.fromEntries(announced),
    unreleased,
  };
  return `${JSON.stringify(state, null, 1)}\n`;
}

type Decoded =
  | { readonly ok: true; readonly state: SavedState }
  | { readonly ok: false; readonly why: string };

function decodeState(text: string): Decoded {
  let raw: unknown;
  try {
    raw = JSON.parse(text);
  } catch {
    return { ok: false, why: text === '' ? 'it is empty' : 'it is not JSON' };
  }
  if (!isRecord(raw)) return { ok: false, why: 'it is not an object' };
  if (raw.version !== VERSION) {
    return { ok: false, why: `its version is ${String(raw.version)}, expected ${VERSION}` };
  }
  const overrides = mapOf(raw.overrides, decodeOverride);
  const announced = mapOf(raw.announced, (value) =>
    value === 'up' || value === 'down' ? value : null,
  );
  const ledger = Array.isArray(raw.ledger) ? raw.ledger.map(decodeLedgerEntry) : [null];
  // Older versions did not write this key.
  const unreleased = raw.unreleased === undefined ? [] : textsOf(raw.unreleased);
  const isWhole = overrides !== null && announced !== null && unreleased !== null;
  if (!isWhole || ledger.includes(null)) {
    return { ok: false, why: 'an entry in it makes no sense' };
  }
  const entries = ledger.filter((entry) => entry !== null);
  return { ok: true, state: { overrides, announced, ledger: entries, unreleased } };
}

function decodeOverride(value: unknown): Override | null {
  if (!isRecord(value)) return null;
  const { state, by, reason, sinceMs, untilMs } = value;
  if (state !== 'drain' && state !== 'maint' && state !== 'force-up') return null;
  if (!isTextOrNull(by) || !isTextOrNull(reason) || typeof sinceMs !== 'number') return null;
  if (untilMs !== null && typeof untilMs !== 'number') return null;
  return { state, by, reason, sinceMs, untilMs };
}

function decodeLedgerEntry(value: unknown): LedgerEntry | null {
  if (!isRecord(value)) return null;
  const { table, anchor, addresses } = value;
  if (typeof table !== 'string' || !isTextOrNull(anchor) || !Array.isArray(addresses)) return null;
  const parsed = addresses.map((one) => parseAddress(String(one)));
  const good = parsed.flatMap((result) => (result.ok ? [result.address] : []));
  return good.length === parsed.length ? { table, anchor, addresses: good } : null;
}

function mapOf<T>(value: unknown, decode: (item: unknown) => T | null): Map<string, T> | null {
  if (!isRecord(value)) return null;
  const map = new Map<string, T>();
  for (const [key, item] of Object.entries(value)) {
    const decoded = decode(item);
    if (decoded === null) return null;
    map.set(key, decoded);
  }
  return map;
}

function textsOf(value: unknown): readonly string[] | null {
  const isTexts = Array.isArray(value) && value.every((one) => typeof one === 'string');
  return isTexts ? value : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isTextOrNull(value: unknown): value is string | null {
  return value === null || typeof value === 'string';
}
