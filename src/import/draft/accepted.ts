import type { Decode } from '../../config/decoders.ts';
import type { Place } from '../../config/place.ts';

/** Whether the decoder of a key accepts a value. */
export function isAccepted<T>(decode: Decode<T>, value: unknown): boolean {
  let isValid = true;
  const place: Place = {
    document: { file: '', root: {}, lineOf: () => 0 },
    path: ['value'],
    report: () => {
      isValid = false;
    },
  };
  return decode(value, place) !== undefined && isValid;
}
