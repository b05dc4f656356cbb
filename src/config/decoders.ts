import { type Address, parseAddress } from '../core/address.ts';
import { parseDuration } from '../core/duration.ts';
import { nearest } from '../core/nearest.ts';
import { childOf, complain, mismatch, type Place } from './place.ts';

/** Turns a TOML value into what it means, or reports what is wrong with it and returns undefined. */
export type Decode<T> = (value: unknown, place: Place) => T | undefined;

export const text: Decode<string> = (value, place) =>
  typeof value === 'string' ? value : mismatch(place, value, 'a string');

export const flag: Decode<boolean> = (value, place) =>
  typeof value === 'boolean' ? value : mismatch(place, value, 'true or false');

/** A whole number from `min` to `max`, both included. */
export function integer(min: number, max: number): Decode<number> {
  return (value, place) =>
    typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max
      ? value
      : mismatch(place, value, `a whole number from ${min} to ${max}`);
}

/** A string such as "200ms" as milliseconds: at least `minMs`, at most a day. */
export function duration(minMs: number): Decode<number> {
  return (value, place) => {
    const expected =
      minMs === 0
        ? 'a duration such as "500ms" or "2s"'
        : `a duration of at least ${minMs}ms, such as "500ms" or "2s"`;
    if (typeof value !== 'string') {
      const hint = typeof value === 'number' ? ` (a unit is missing: "${value}s"?)` : '';
      return mismatch(place, value, expected + hint);
    }
    const ms = parseDuration(value);
    if (ms === null || ms < minMs) return mismatch(place, value, expected);
    if (ms > MAX_DURATION_MS) return mismatch(place, value, 'a duration of at most one day');
    return ms;
  };
}

const MAX_DURATION_MS = 86_400_000;

export function oneOf<T extends string>(...options: readonly T[]): Decode<T> {
  return (value, place) => {
    const option = options.find((candidate) => candidate === value);
    if (option !== undefined) return option;
    const near = typeof value === 'string' ? nearest(value, options) : null;
    const list = options.map((candidate) => `"${candidate}"`).join(', ');
    const hint = near === null ? '' : `; did you mean "${near}"?`;
    return mismatch(place, value, `one of ${list}${hint}`);
  };
}

export const address: Decode<Address> = (value, place) => {
  if (typeof value !== 'string') return mismatch(place, value, 'a numeric address in quotes');
  const result = parseAddress(value);
  if (result.ok) return result.address;
  return complain(
    place,
    `found ${JSON.stringify(value)}, expected a numeric IPv4 or IPv6 address: ${result.why}`,
  );
};

/** An array of `what`. Every wrong element is reported. */
export function listOf<T>(decode: Decode<T>, what: string): Decode<readonly T[]> {
  return (value, place) => {
    if (!Array.isArray(value)) return mismatch(place, value, `an array of ${what}`);
    const items = value.map((item, i) => decode(item, childOf(place, i)));
    const valid = items.filter((item) => item !== undefined);
    return valid.length === items.length ? valid : undefined;
  };
}

/** A single value, or an array of at least one. */
export function oneOrMore<T>(decode: Decode<T>, what: string): Decode<readonly T[]> {
  const list = listOf(decode, what);
  return (value, place) => {
    if (!Array.isArray(value)) {
      const item = decode(value, place);
      return item === undefined ? undefined : [item];
    }
    if (value.length === 0) return mismatch(place, value, `one or more ${what}`);
    return list(value, place);
  };
}

/** A table of strings, such as headers; `checkKey` returns what is wrong with a key, or null. */
export function textTable(
  checkKey: (key: string) => string | null,
): Decode<Record<string, string>> {
  return (value, place) => {
    if (!isTable(value)) return mismatch(place, value, 'a table of strings');
    const entries: [string, string][] = [];
    for (const [key, item] of Object.entries(value)) {
      const child = childOf(place, key);
      const refusal = checkKey(key);
      if (refusal !== null) complain(child, refusal);
      const decoded = text(item, child);
      if (refusal === null && decoded !== undefined) entries.push([key, decoded]);
    }
    return entries.length === Object.keys(value).length ? Object.fromEntries(entries) : undefined;
  };
}

export function isTable(value: unknown): value is Record<string, unknown> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
  );
}
