import { nearest } from '../core/nearest.ts';
import { complain, type Place } from './place.ts';

/** The values of `{address}`, `{name}` and `{port}`; using one that is null is an error. */
export type Placeholders = Readonly<Record<'address' | 'name' | 'port', string | null>>;

/**
 * Fills in the placeholders of a string; null when one is wrong, which is reported. Other words in
 * braces stay as they are, because awk programs have them. A misspelt placeholder is reported.
 */
export function fillPlaceholders(
  template: string,
  values: Placeholders,
  place: Place,
): string | null {
  let isValid = true;
  const filled = template.replace(/\{([a-z_]+)\}/g, (braced: string, word: string) => {
    if (word === 'address' || word === 'name' || word === 'port') {
      const value = values[word];
      if (value !== null) return value;
      isValid = false;
      complain(place, `found ${braced}, expected the key "${word}" in the check or the backend`);
      return braced;
    }
    const near = nearest(word, Object.keys(values));
    if (near !== null) {
      isValid = false;
      complain(place, `found ${braced}; did you mean {${near}}?`);
    }
    return braced;
  });
  return isValid ? filled : null;
}
