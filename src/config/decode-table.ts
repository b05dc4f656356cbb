import { nearest } from '../core/nearest.ts';
import { isTable } from './decoders.ts';
import type { Keys, Values } from './keys.ts';
import { childOf, complain, mismatch, type Place } from './place.ts';

/** Decodes a table by its keys, and reports every unknown key and every wrong value. */
export function decodeTable<K extends Keys>(
  value: unknown,
  keys: K,
  place: Place,
  extraKeys: readonly string[] = [],
): Values<K> {
  if (!isTable(value)) {
    mismatch(place, value, 'a table');
    return {};
  }
  const values: Record<string, unknown> = {};
  for (const [name, item] of Object.entries(value)) {
    const key = Object.hasOwn(keys, name) ? keys[name] : undefined;
    if (key !== undefined) {
      const decoded = key.decode(item, childOf(place, name));
      if (decoded !== undefined) values[name] = decoded;
    } else if (!extraKeys.includes(name)) {
      complainUnknown(childOf(place, name), name, [...Object.keys(keys), ...extraKeys]);
    }
  }
  return values as Values<K>;
}

export function complainUnknown(place: Place, name: string, known: readonly string[]): void {
  const near = nearest(name, known);
  complain(
    place,
    near === null
      ? `unknown key, expected one of ${known.join(', ')}`
      : `unknown key; did you mean "${near}"?`,
  );
}
