import { nearest } from '../core/nearest.ts';
import { complain, type Place } from './place.ts';

/** What `{address}`, `{name}` and `{port}` stand for; an absent one is an error where it is used. */
export type Placeholders = Readonly<Record<'address' | 'name' | 'port', string | null>>;

/**
 * Fills the placeholders of one string; null when one is wrong, which is reported. Other words in braces stay as they are (awk programs have
 * them), unless they look like a placeholder misspelt.
 */
export function fill(template: string, values: Placeholders, place: Place): string | null {
  let good = true;
  const filled = template.replace(/\{([a-z_]+)\}/g, (braced: string, word: string) => {
    if (word === 'address' || word === 'name' || word === 'port') {
      const value = values[word];
      if (value !== null) return value;
      good = false;
      complain(place, `found ${braced}, expected the key "${word}" in the check or the backend`);
      return braced;
    }
    const near = nearest(word, Object.keys(values));
    if (near !== null) {
      good = false;
      complain(place, `found ${braced}; did you mean {${near}}?`);
    }
    return braced;
  });
  return good ? filled : null;
}
