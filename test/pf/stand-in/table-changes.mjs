import { compareAddresses, formatAddress, parseAddress } from './address.mjs';
import { keyOf } from './address-list.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./messages.mjs').Os} Os */
/** @typedef {import('./store.mjs').Table} Table */

/**
 * What a command did with an address: A added, D deleted, C changed, X is twice in the request, Y
 * conflicts with its negation, M matches.
 * @typedef {{ mark: ' ' | 'A' | 'D' | 'C' | 'X' | 'Y' | 'M', address: Address }} Feedback
 */

/**
 * @param {Table} table
 * @param {readonly Address[]} request
 * @param {number} now seconds since 1970
 * @param {Os} os
 * @returns {{ table: Table, added: number, feedback: Feedback[] }}
 */
export function addInto(table, request, now, os) {
  const addresses = { ...table.addresses };
  /** @type {Set<string>} */
  const seen = new Set();
  // OpenBSD's pfr_add_addrs puts each address at the head of a list, so the last comes first.
  const order = os === 'openbsd' ? request.toReversed() : request;
  let added = 0;
  const feedback = order.map((address) => {
    const mark = addOne(addresses, seen, address, now);
    if (mark === 'A') added += 1;
    return { mark, address };
  });
  return { table: { ...table, addresses }, added, feedback: feedbackOf(feedback, os) };
}

/**
 * @param {Table} table
 * @param {readonly Address[]} request
 * @param {Os} os
 * @returns {{ table: Table, deleted: number, feedback: Feedback[] }}
 */
export function deleteFrom(table, request, os) {
  const addresses = { ...table.addresses };
  /** @type {Set<string>} */
  const gone = new Set();
  const feedback = request.map((address) => {
    const key = keyOf(address);
    /** @type {Feedback['mark']} */
    let mark = ' ';
    if (gone.has(key)) mark = 'X';
    else if (key in addresses) {
      delete addresses[key];
      gone.add(key);
      mark = 'D';
    } else if (opposite(address) in addresses) mark = 'Y';
    return { mark, address };
  });
  return { table: { ...table, addresses }, deleted: gone.size, feedback: feedbackOf(feedback, os) };
}

/**
 * DIOCRSETADDRS: the table holds what is listed, and nothing else. On both systems the feedback has
 * the deleted addresses last, in reversed order.
 * @param {Table} table
 * @param {readonly Address[]} request
 * @param {number} now seconds since 1970
 * @returns {{ table: Table, added: number, deleted: number, changed: number,
 *   feedback: Feedback[] }}
 */
export function replaceIn(table, request, now) {
  /** @type {Record<string, number>} */
  const addresses = {};
  /** @type {Set<string>} */
  const seen = new Set();
  const counts = { added: 0, changed: 0 };
  const feedback = request.map((address) => {
    const host = formatAddress(address);
    const key = keyOf(address);
    /** @type {Feedback['mark']} */
    let mark = ' ';
    if (seen.has(host)) mark = 'X';
    else if (opposite(address) in table.addresses) mark = 'C';
    else if (!(key in table.addresses)) mark = 'A';
    if (mark === 'C') counts.changed += 1;
    if (mark === 'A') counts.added += 1;
    if (mark !== 'X') addresses[key] = table.addresses[key] ?? now;
    seen.add(host);
    return { mark, address };
  });
  const deleted = entriesOf(table).filter((entry) => !seen.has(formatAddress(entry)));
  return {
    table: { ...table, addresses },
    ...counts,
    deleted: deleted.length,
    feedback: [
      ...feedback,
      ...deleted.reverse().map((address) => ({ mark: /** @type {const} */ ('D'), address })),
    ],
  };
}

/**
 * The entries of a table in the order of `-T show`.
 * @param {Table} table
 * @returns {Address[]}
 */
export function entriesOf(table) {
  return Object.keys(table.addresses)
    .map((key) => {
      const parsed = parseAddress(key, 'openbsd');
      if (parsed.kind !== 'address') throw new Error(`table <${table.name}> holds "${key}"`);
      return parsed.address;
    })
    .sort(compareAddresses);
}

/** @param {Feedback} line */
export function formatFeedback({ mark, address }) {
  return `${mark} ${address.not ? '!' : ' '}${formatAddress(address)}\n`;
}

/**
 * @param {Record<string, number>} addresses changed in place
 * @param {Set<string>} seen
 * @param {Address} address
 * @param {number} now
 * @returns {Feedback['mark']}
 */
function addOne(addresses, seen, address, now) {
  const host = formatAddress(address);
  if (seen.has(host)) return 'X';
  if (opposite(address) in addresses) return 'Y';
  const key = keyOf(address);
  if (key in addresses) return ' ';
  seen.add(host);
  addresses[key] = now;
  return 'A';
}

/** @param {Address} address */
function opposite(address) {
  return keyOf({ ...address, not: !address.not });
}

/**
 * The feedback as the system fills it in: FreeBSD 15.1 has no marks for add and delete.
 * @param {Feedback[]} feedback
 * @param {Os} os
 */
function feedbackOf(feedback, os) {
  if (os === 'openbsd') return feedback;
  return feedback.map((line) => ({ ...line, mark: /** @type {const} */ (' ') }));
}
