declare const brand: unique symbol;

/**
 * A numeric IPv4 or IPv6 host address, spelled as pf prints it (inet_ntop(3): lower case, longest run
 * of zeros compressed, `::ffff:10.0.0.1`). Never a host name, and without a mask or a zone.
 */
export type Address = string & { readonly [brand]: 'address' };

export type Family = 'inet' | 'inet6';

export const FAMILIES: readonly Family[] = ['inet', 'inet6'];

export type AddressResult =
  | { readonly ok: true; readonly address: Address }
  | { readonly ok: false; readonly why: string };

/** Parses a host address strictly; `why` is the reason for a refusal, such as "it has a zone". */
export function parseAddress(text: string): AddressResult {
  if (text.includes('/')) return refuse('it has a network mask');
  if (text.includes('%')) return refuse('it has a zone');
  if (text.includes(':')) {
    const words = parseInet6(text);
    return words === null
      ? refuse('it is not an IPv6 address')
      : { ok: true, address: formatInet6(words) as Address };
  }
  if (!/^[0-9.]+$/.test(text)) return refuse('it is not numeric (hfm resolves no names)');
  const bytes = parseInet4(text);
  if (bytes === null) {
    return refuse(
      // FreeBSD 15.1: pfctl reads 010.0.0.1 as 8.0.0.1.
      /(^|\.)0[0-9]/.test(text)
        ? 'it has leading zeros, which some systems read as octal'
        : 'it is not four numbers from 0 to 255',
    );
  }
  return { ok: true, address: bytes.join('.') as Address };
}

export function familyOf(address: Address): Family {
  return address.includes(':') ? 'inet6' : 'inet';
}

/** The address as the host of a URL: IPv6 in brackets. */
export function urlHost(address: Address): string {
  return familyOf(address) === 'inet6' ? `[${address}]` : address;
}

/** Sorts as `pfctl -T show` does: IPv4 before IPv6, each family by number. */
export function compareAddresses(a: Address, b: Address): number {
  return compareTexts(orderKey(a), orderKey(b));
}

export function sortAddresses(addresses: Iterable<Address>): Address[] {
  const keyed = [...addresses].map((address) => ({ address, key: orderKey(address) }));
  return keyed.sort((a, b) => compareTexts(a.key, b.key)).map(({ address }) => address);
}

/** A string whose plain text order is the order of `compareAddresses`. */
function orderKey(address: Address): string {
  const isInet6 = address.includes(':');
  const numbers = (isInet6 ? parseInet6(address) : parseInet4(address)) ?? [];
  return numbers.reduce((key, number) => key + String.fromCharCode(number), isInet6 ? '6' : '4');
}

function compareTexts(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function refuse(why: string): AddressResult {
  return { ok: false, why };
}

function parseInet4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes: number[] = [];
  for (const part of parts) {
    if (!/^(0|[1-9][0-9]{0,2})$/.test(part)) return null;
    const byte = Number(part);
    if (byte > 255) return null;
    bytes.push(byte);
  }
  return bytes;
}

/** Eight 16-bit words, or null. */
function parseInet6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parseWords(halves[0] ?? '', halves.length === 1);
  if (head === null) return null;
  if (halves.length === 1) return head.length === 8 ? head : null;
  const tail = parseWords(halves[1] ?? '', true);
  if (tail === null || head.length + tail.length > 7) return null;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

function parseWords(text: string, mayEndInInet4: boolean): number[] | null {
  if (text === '') return [];
  const words: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (part.includes('.')) {
      const bytes = mayEndInInet4 && i === parts.length - 1 ? parseInet4(part) : null;
      if (bytes === null) return null;
      const [a = 0, b = 0, c = 0, d = 0] = bytes;
      words.push(a * 256 + b, c * 256 + d);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(part)) return null;
      words.push(Number.parseInt(part, 16));
    }
  }
  return words;
}

/** Formats as inet_ntop(3) does, which is what pfctl prints. */
function formatInet6(words: readonly number[]): string {
  const run = longestZeroRun(words);
  const mapped = run.start === 0 && run.length === 5 && words[5] === 0xffff;
  const compatible = run.start === 0 && run.length === 6;
  if (mapped || compatible) {
    const [high = 0, low = 0] = words.slice(6);
    const inet4 = [high >> 8, high & 255, low >> 8, low & 255].join('.');
    return mapped ? `::ffff:${inet4}` : `::${inet4}`;
  }
  const hex = words.map((word) => word.toString(16));
  if (run.length < 2) return hex.join(':');
  return `${hex.slice(0, run.start).join(':')}::${hex.slice(run.start + run.length).join(':')}`;
}

function longestZeroRun(words: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= words.length; i++) {
    if (words[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
