import type { Decode } from '../../config/decoders.ts';
import type { Place } from '../../config/place.ts';

/** Whether the configuration would take a value, by the decoder of its key. */
export function isAccepted<T>(decode: Decode<T>, value: unknown): boolean {
  let isGood = true;
  const place: Place = {
    document: { file: '', root: {}, lineOf: () => 0 },
    path: ['value'],
    report: () => {
      isGood = false;
    },
  };
  return decode(value, place) !== undefined && isGood;
}
