import { isIPv6 } from 'node:net';

/** @typedef {import('./messages.mjs').Os} Os */

/**
 * An entry of a table: `hex` is the masked address, 8 digits for IPv4 and 32 for IPv6.
 * @typedef {{ af: 4 | 6, hex: string, net: number, not: boolean }} Address
 */

/**
 * @typedef {{ kind: 'address', address: Address }
 *   | { kind: 'unresolved' }
 *   | { kind: 'bad-mask', complaint: 'invalid' | 'too large' | 'too small' }
 *   | { kind: 'wide-mask' }} ParsedAddress
 */

/**
 * Parses a word as pfctl's host() does, but without looking up names: they are unresolved.
 * @param {string} word
 * @param {Os} os
 * @returns {ParsedAddress}
 */
export function parseAddress(word, os) {
  const bare = word.replace(/^!*/, '');
  const not = (word.length - bare.length) % 2 === 1;
  const slash = bare.indexOf('/');
  const mask = slash < 0 ? undefined : parseMask(bare.slice(slash + 1));
  if (typeof mask === 'string') return { kind: 'bad-mask', complaint: mask };
  const host = slash < 0 ? bare : bare.slice(0, slash);
  const hex = hexOfV4(host, os, mask !== undefined) ?? hexOfV6(host);
  if (hex === undefined) return { kind: 'unresolved' };
  const af = hex.length === 8 ? 4 : 6;
  const bits = af === 4 ? 32 : 128;
  if (mask !== undefined && mask > bits) return { kind: 'wide-mask' };
  const net = mask ?? bits;
  return { kind: 'address', address: { af, hex: masked(hex, net), net, not } };
}

/**
 * The form that `-T show` prints: no mask for a host.
 * @param {Address} address
 */
export function formatAddress(address) {
  const host = address.af === 4 ? formatV4(address.hex) : formatV6(address.hex);
  const bits = address.af === 4 ? 32 : 128;
  return address.net === bits ? host : `${host}/${address.net}`;
}

/**
 * The order of the kernel's radix walk: IPv4 first, by number; with one number, the longest mask first.
 * @param {Address} a
 * @param {Address} b
 */
export function compareAddresses(a, b) {
  if (a.af !== b.af) return a.af - b.af;
  if (a.hex !== b.hex) return a.hex < b.hex ? -1 : 1;
  return b.net - a.net;
}

/**
 * @param {{ af: number, hex: string, net: number }} network
 * @param {{ af: number, hex: string }} host
 */
export function covers(network, host) {
  return network.af === host.af && masked(host.hex, network.net) === network.hex;
}

/**
 * strtonum(3) between 0 and 128.
 * @param {string} text
 * @returns {number | 'invalid' | 'too large' | 'too small'}
 */
function parseMask(text) {
  if (!/^\s*[+-]?\d+$/.test(text)) return 'invalid';
  const value = Number(text);
  if (value > 128) return 'too large';
  return value < 0 ? 'too small' : value;
}

/**
 * @param {string} text
 * @param {Os} os
 * @param {boolean} hasMask
 * @returns {string | undefined}
 */
function hexOfV4(text, os, hasMask) {
  const parts = text.split('.');
  if (parts.length > 4) return undefined;
  if (parts.length < 4 && hasMask) {
    // 10/8: inet_net_pton(3) fills up with zeros on the right.
    const octets = parts.map(decimalOctet);
    return octets.includes(undefined) ? undefined : hexOf(octets).padEnd(8, '0');
  }
  if (os === 'freebsd') return hexOfAton(parts);
  const octets = parts.map(decimalOctet);
  return parts.length < 4 || octets.includes(undefined) ? undefined : hexOf(octets);
}

/**
 * FreeBSD's getaddrinfo(3) accepts the forms of inet_aton(3): 010.0.0.1 is 8.0.0.1.
 * @param {readonly string[]} parts
 */
function hexOfAton(parts) {
  const numbers = parts.map((part) => {
    if (/^0x[0-9a-f]+$/i.test(part)) return Number.parseInt(part, 16);
    if (/^0[0-7]*$/.test(part)) return Number.parseInt(part, 8);
    return /^[1-9]\d*$/.test(part) ? Number(part) : Number.NaN;
  });
  const last = numbers.at(-1) ?? Number.NaN;
  const heads = numbers.slice(0, -1);
  if (heads.some((number) => !(number <= 255))) return undefined;
  const lastDigits = 2 * (4 - heads.length);
  if (!(last < 16 ** lastDigits)) return undefined;
  return hexOf(heads) + last.toString(16).padStart(lastDigits, '0');
}

/** @param {string} text */
function decimalOctet(text) {
  return /^\d{1,3}$/.test(text) && Number(text) <= 255 ? Number(text) : undefined;
}

/** @param {readonly (number | undefined)[]} octets */
function hexOf(octets) {
  return octets.map((octet) => (octet ?? 0).toString(16).padStart(2, '0')).join('');
}

/** @param {string} text */
function hexOfV6(text) {
  // A table can't have an address with a scope, such as fe80::1%em0.
  if (text.includes('%') || !isIPv6(text)) return undefined;
  const plain = text.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_whole, ...octets) => {
    const hex = hexOf(octets.slice(0, 4).map(Number));
    return `${hex.slice(0, 4)}:${hex.slice(4)}`;
  });
  const [left = '', right] = plain.split('::');
  const head = left === '' ? [] : left.split(':');
  const tail = right === undefined || right === '' ? [] : right.split(':');
  const gap = Array(8 - head.length - tail.length).fill('0');
  return [...head, ...gap, ...tail].map((word) => word.toLowerCase().padStart(4, '0')).join('');
}

/**
 * @param {string} hex
 * @param {number} net
 */
export function masked(hex, net) {
  const whole = Math.floor(net / 4);
  if (whole >= hex.length) return hex;
  const digit = Number.parseInt(hex[whole] ?? '0', 16) & (0xf0 >> (net % 4)) & 0xf;
  return (hex.slice(0, whole) + digit.toString(16)).padEnd(hex.length, '0');
}

/** @param {string} hex */
function formatV4(hex) {
  const number = Number.parseInt(hex, 16);
  return `${number >>> 24}.${(number >>> 16) & 255}.${(number >>> 8) & 255}.${number & 255}`;
}

/**
 * inet_ntop(3): the longest run of zeros is "::"; ::ffff:10.0.0.1 and ::10.0.0.1 keep their dots.
 * @param {string} hex
 */
function formatV6(hex) {
  const words = Array.from({ length: 8 }, (_, i) =>
    Number.parseInt(hex.slice(4 * i, 4 * i + 4), 16).toString(16),
  );
  let start = -1;
  let length = 1;
  for (let i = 0; i < 8; i += 1) {
    let run = 0;
    while (words[i + run] === '0') run += 1;
    if (run > length) [start, length] = [i, run];
  }
  const dotted =
    start === 0 &&
    (length === 6 || (length === 7 && words[7] !== '1') || (length === 5 && words[5] === 'ffff'));
  if (dotted) return `${length === 5 ? '::ffff:' : '::'}${formatV4(hex.slice(24))}`;
  if (start < 0) return words.join(':');
  return `${words.slice(0, start).join(':')}::${words.slice(start + length).join(':')}`;
}
