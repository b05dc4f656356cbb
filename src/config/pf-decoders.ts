import type { Address } from '../core/address.ts';
import type { Floor } from '../core/policy.ts';
import { address, type Decode, isTable, oneOrMore, text } from './decoders.ts';
import { childOf, complain, mismatch } from './place.ts';

/** pf(4): PF_TABLE_NAME_SIZE is 32, the final NUL included. */
export const tableName: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined) return undefined;
  if (decoded.length > 31) {
    return complain(
      place,
      `found a table name of ${decoded.length} characters, expected at most 31 (a limit of pf)`,
    );
  }
  return /^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/.test(decoded)
    ? decoded
    : mismatch(place, value, 'a table name of letters, digits and _ . : - (without < and >)');
};

/** pf.conf(5): anchors are named like paths. Here a path always starts at the main ruleset. */
export const anchor: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined) return undefined;
  const isPath = /^[A-Za-z0-9_][A-Za-z0-9_.:-]*(\/[A-Za-z0-9_][A-Za-z0-9_.:-]*)*$/.test(decoded);
  if (isPath && decoded.length < 1024) return decoded;
  return mismatch(
    place,
    value,
    'an anchor such as "hfm" or "hfm/web", without a leading or final "/"',
  );
};

export const floor: Decode<Floor> = (value, place) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    return { kind: 'count', count: value };
  }
  const percent = typeof value === 'string' ? /^([0-9]{1,3})%$/.exec(value)?.[1] : undefined;
  if (percent !== undefined && Number(percent) <= 100) {
    return { kind: 'percent', percent: Number(percent) };
  }
  return mismatch(place, value, 'a count such as 1, or a share such as "50%"');
};

export const pools: Decode<ReadonlyMap<string, readonly Address[]>> = (value, place) => {
  if (!isTable(value)) return mismatch(place, value, 'a table of pool = address');
  const addresses = oneOrMore(address, 'addresses');
  const entries = Object.entries(value).map(
    ([pool, item]) => [pool, addresses(item, childOf(place, pool))] as const,
  );
  // A membership with wrong addresses, which are reported, stays: else its backend has no pool.
  return new Map(entries.map(([pool, list]) => [pool, list ?? []]));
};
