import { loadAddresses } from './address-list.mjs';
import { NOT_PERMITTED, noAnchor, noTable, STALE_ERRNO, USAGE } from './messages.mjs';
import { anchorOf, summary } from './session.mjs';
import { addInto, deleteFrom, formatFeedback, replaceIn } from './table-changes.mjs';
import { expireAddresses, showTable, testTable, zeroTable } from './table-queries.mjs';
import { dropTables, findTable, newTable, putTable } from './tables.mjs';

/** @typedef {import('./session.mjs').Session} Session */
/** @typedef {import('./store.mjs').Table} Table */

const NAME_LIMIT = 32;

/** FreeBSD's net.pf.request_maxcount for `-T replace`; add and delete are sent in smaller chunks. */
const REQUEST_LIMIT = 65_535;

/**
 * `-t table -T command`.
 * @param {Session} session
 * @returns {number} the exit status
 */
export function tableCommand(session) {
  const { options, os } = session;
  const name = options.table ?? '';
  const takesNothing = ['show', 'kill', 'flush'].includes(options.tableCommand ?? '');
  const given = options.args.length > 0 || options.file !== undefined;
  if (Buffer.byteLength(name) >= NAME_LIMIT || (takesNothing && given)) {
    session.err(USAGE[os]);
    return 1;
  }
  switch (options.tableCommand) {
    case 'add':
    case 'replace':
      return addOrReplace(session, name);
    case 'delete':
      return deleteAddresses(session, name);
    case 'show':
      return showTable(session, name);
    case 'test':
      return testTable(session, name);
    case 'flush':
      return flush(session, name);
    case 'kill':
      return kill(session, name);
    case 'zero':
      return zeroTable(session, name);
    case 'expire':
      return expireAddresses(session, name);
    default:
      throw new Error(`-T ${options.tableCommand} is not part of the stand-in`);
  }
}

/**
 * @param {Session} session
 * @param {string} name
 */
function addOrReplace(session, name) {
  const { options, os } = session;
  const loaded = loadAddresses(session, { hostsOnly: false });
  if (loaded.kind === 'failed') return loaded.code;
  const created = createIfMissing(session, name);
  if (created.kind === 'failed') return created.code;

  const { table } = created;
  if (table === undefined) return fail(session, noTable(os));
  if (table.const) return fail(session, NOT_PERMITTED);
  if (options.tableCommand === 'add') {
    const change = addInto(table, loaded.addresses, session.now, os);
    finish(session, change);
    summary(session, `${change.added}/${loaded.addresses.length} addresses added`);
    printFeedback(session, change.feedback);
    return 0;
  }
  if (os === 'freebsd' && loaded.addresses.length > REQUEST_LIMIT) {
    return fail(session, noAnchor(os));
  }
  const change = replaceIn(table, loaded.addresses, session.now);
  finish(session, change);
  const { added, deleted, changed } = change;
  if (added > 0) summary(session, `${added} addresses added`);
  if (deleted > 0) summary(session, `${deleted} addresses deleted`);
  if (changed > 0) summary(session, `${changed} addresses changed`);
  if (added + deleted + changed === 0) summary(session, 'no changes');
  printFeedback(session, change.feedback);
  return 0;
}

/**
 * pfctl_table.c CREATE_TABLE. With -n, the command ends where it would create the table.
 * @param {Session} session
 * @param {string} name
 * @returns {{ kind: 'table', table: Table | undefined } | { kind: 'failed', code: number }}
 */
function createIfMissing(session, name) {
  const { store, options, os } = session;
  const anchor = anchorOf(session);
  if (!session.hasDevice) {
    session.err('pfctl: pfr_get_tables: Bad file descriptor\n');
    return { kind: 'failed', code: 1 };
  }
  for (const other of store.read('tables')) {
    if (other.name !== name || other.anchor === anchor) continue;
    session.err(
      `pfctl: warning: table <${name}> already defined in anchor "${other.anchor || '/'}"\n`,
    );
  }
  if (name === '') {
    session.err(os === 'freebsd' ? STALE_ERRNO : noAnchor(os));
    return { kind: 'failed', code: 255 };
  }
  const table = findTable(store, name, anchor);
  // pfctl_table.c goes on when the kernel refuses to create the table at securelevel 2.
  if (table !== undefined || isSecured(session)) return { kind: 'table', table };
  if (!options.dryRun) putTable(store, newTable(name, anchor));
  summary(session, '1 table created');
  if (options.dryRun) return { kind: 'failed', code: 0 };
  return { kind: 'table', table: findTable(store, name, anchor) };
}

/**
 * @param {Session} session
 * @param {string} name
 */
function deleteAddresses(session, name) {
  const loaded = loadAddresses(session, { hostsOnly: false });
  if (loaded.kind === 'failed') return loaded.code;
  const size = loaded.addresses.length;
  if (!session.hasDevice) {
    summary(session, `0/${size} addresses deleted`);
    return 0;
  }
  const table = findTable(session.store, name, anchorOf(session));
  if (table === undefined) return fail(session, noTable(session.os));
  if (table.const) return fail(session, NOT_PERMITTED);
  const change = deleteFrom(table, loaded.addresses, session.os);
  finish(session, change);
  summary(session, `${change.deleted}/${size} addresses deleted`);
  printFeedback(session, change.feedback);
  return 0;
}

/**
 * @param {Session} session
 * @param {string} name
 */
function flush(session, name) {
  const { store, os } = session;
  const table = findTable(store, name, anchorOf(session));
  if (table === undefined) return fail(session, os === 'freebsd' ? STALE_ERRNO : noTable(os));
  if (table.const) return fail(session, os === 'freebsd' ? STALE_ERRNO : NOT_PERMITTED);
  finish(session, { table: { ...table, addresses: {} } });
  summary(session, `${Object.keys(table.addresses).length} addresses deleted`);
  return 0;
}

/**
 * `-T kill` deletes a const table too (recorded: obsd-const-kill).
 * @param {Session} session
 * @param {string} name
 */
function kill(session, name) {
  if (isSecured(session)) return fail(session, NOT_PERMITTED);
  const anchor = anchorOf(session);
  const there = findTable(session.store, name, anchor) !== undefined;
  if (there && !session.options.dryRun) {
    dropTables(session.store, (table) => table.name !== name || table.anchor !== anchor);
  }
  summary(session, `${there ? 1 : 0} table deleted`);
  return 0;
}

/**
 * @param {Session} session
 * @param {{ table: Table }} change
 */
function finish(session, { table }) {
  if (!session.options.dryRun) putTable(session.store, table);
}

/**
 * @param {Session} session
 * @param {readonly import('./table-changes.mjs').Feedback[]} feedback
 */
function printFeedback(session, feedback) {
  const { verbose } = session.options;
  if (verbose === 0) return;
  for (const line of feedback) {
    if (verbose === 2 || line.mark !== ' ') session.out(formatFeedback(line));
  }
}

/** @param {Session} session */
function isSecured(session) {
  return session.os === 'openbsd' && session.store.read('status').securelevel >= 2;
}

/**
 * @param {Session} session
 * @param {string} text
 */
function fail(session, text) {
  session.err(text);
  return 255;
}
