import { covers, formatAddress } from './address.mjs';
import { keyOf, loadAddresses } from './address-list.mjs';
import { noAnchor, noTable, USAGE } from './messages.mjs';
import { anchorOf, ctime, summary } from './session.mjs';
import { deleteFrom, entriesOf, formatFeedback } from './table-changes.mjs';
import { findTable, putTable } from './tables.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./session.mjs').Session} Session */

/**
 * @param {Session} session
 * @param {string} name
 * @returns {number} the exit status
 */
export function showTable(session, name) {
  const table = findTable(session.store, name, anchorOf(session));
  // The kernel refuses to read with the "dummy" flag, which -n sets.
  if (session.options.dryRun || name === '') return fail(session, noAnchor(session.os));
  if (table === undefined) return fail(session, noTable(session.os));
  for (const address of entriesOf(table)) {
    session.out(formatFeedback({ mark: ' ', address }));
    if (session.options.verbose > 0) {
      session.out(`\tCleared:     ${ctime(table.addresses[keyOf(address)] ?? 0)}`);
    }
  }
  return 0;
}

/**
 * @param {Session} session
 * @param {string} name
 * @returns {number} 2 when not all of the addresses match
 */
export function testTable(session, name) {
  const loaded = loadAddresses(session, { hostsOnly: true });
  if (loaded.kind === 'failed') return loaded.code;
  const table = findTable(session.store, name, anchorOf(session));
  if (table === undefined) return fail(session, noTable(session.os));
  const entries = entriesOf(table);
  const results = loaded.addresses.map((address) => ({
    address,
    entry: bestMatch(entries, address),
  }));
  const matching = results.filter(({ entry }) => entry !== undefined && !entry.not);
  summary(session, `${matching.length}/${results.length} addresses match`);
  const { verbose } = session.options;
  if (verbose === 1) {
    for (const { address } of matching) session.out(formatFeedback({ mark: 'M', address }));
  }
  if (verbose === 2) {
    for (const { address, entry } of results) {
      const line = formatFeedback({ mark: entry && !entry.not ? 'M' : ' ', address });
      const found = entry && `${entry.not ? '!' : ' '}${formatAddress(entry)}`;
      session.out(`${line.trimEnd()}\t${found ?? ' nomatch'}\n`);
    }
  }
  return matching.length === results.length ? 0 : 2;
}

/**
 * @param {Session} session
 * @param {string} name
 */
export function zeroTable(session, name) {
  const table = findTable(session.store, name, anchorOf(session));
  if (session.options.args.length > 0 || session.options.file !== undefined) {
    const loaded = loadAddresses(session, { hostsOnly: false });
    if (loaded.kind === 'failed') return loaded.code;
    if (table === undefined) return fail(session, noTable(session.os));
    const known = loaded.addresses.map(keyOf).filter((key) => key in table.addresses);
    const zeroed = Object.fromEntries(known.map((key) => [key, session.now]));
    putTable(session.store, { ...table, addresses: { ...table.addresses, ...zeroed } });
    summary(session, `${known.length}/${loaded.addresses.length} addresses cleared`);
    return 0;
  }
  if (table !== undefined) putTable(session.store, { ...table, cleared: session.now });
  summary(session, `${table === undefined ? 0 : 1} table/stats cleared`);
  return 0;
}

/**
 * `-T expire seconds`: deletes addresses that were added more than so many seconds ago.
 * @param {Session} session
 * @param {string} name
 */
export function expireAddresses(session, name) {
  const { args } = session.options;
  if (args.length !== 1 || session.options.file !== undefined) {
    session.err(USAGE[session.os]);
    return 1;
  }
  if (!/^\d+$/.test(args[0] ?? '')) {
    session.err('pfctl: expiry time: invalid\n');
    return 1;
  }
  const table = findTable(session.store, name, anchorOf(session));
  if (table === undefined) return fail(session, noTable(session.os));
  const old = entriesOf(table).filter(
    (entry) => session.now - (table.addresses[keyOf(entry)] ?? 0) > Number(args[0]),
  );
  const change = deleteFrom(table, old, session.os);
  if (!session.options.dryRun) putTable(session.store, change.table);
  summary(session, `${change.deleted}/${old.length} addresses expired`);
  return 0;
}

/**
 * @param {readonly Address[]} entries
 * @param {Address} host
 */
function bestMatch(entries, host) {
  /** @type {Address | undefined} */
  let best;
  for (const entry of entries) {
    if (covers(entry, host) && (best === undefined || entry.net > best.net)) best = entry;
  }
  return best;
}

/**
 * @param {Session} session
 * @param {string} text
 */
function fail(session, text) {
  session.err(text);
  return 255;
}
