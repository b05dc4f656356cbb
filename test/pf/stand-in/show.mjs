import { infoLines, memoryLines } from './info-lines.mjs';
import { noAnchor } from './messages.mjs';
import { anchorOf } from './session.mjs';
import { formatSource } from './source-lines.mjs';
import { formatState } from './state-lines.mjs';
import { tableLine, tableStatistics } from './table-lines.mjs';
import { anchorExists, anchorPaths, tablesOf } from './tables.mjs';

/** @typedef {import('./session.mjs').Session} Session */

/**
 * `-s modifier`.
 * @param {Session} session
 * @returns {number} the exit status
 */
export function show(session) {
  const { options, os, store, now } = session;
  const { verbose } = options;
  switch (options.show) {
    case 'Tables':
      return showTables(session);
    case 'Anchors':
      return showAnchors(session);
    // Recorded: -a filters neither states nor source nodes.
    case 'states': {
      const { hostid } = store.read('status');
      for (const state of store.read('states')) {
        const wanted = options.iface === undefined || options.iface === (state.iface ?? 'all');
        if (wanted) session.out(formatState(state, { os, verbose, hostid }));
      }
      return 0;
    }
    case 'Sources':
      for (const node of store.read('sources')) session.out(formatSource(node, { os, verbose }));
      return 0;
    case 'info':
      session.out(infoLines(store.read('status'), store.read('states').length, { os, now }));
      return 0;
    case 'memory':
      session.out(memoryLines(os));
      return 0;
    default:
      throw new Error(`-s ${options.show} is not part of the stand-in`);
  }
}

/** @param {Session} session */
function showTables(session) {
  const { store, options, os } = session;
  const anchor = anchorOf(session);
  if (!anchorExists(store, anchor)) {
    session.err(noAnchor(os));
    return 1;
  }
  for (const table of tablesOf(store, anchor)) {
    session.out(tableLine(store, table, { os, verbose: options.verbose }));
    if (options.verbose === 2) session.out(tableStatistics(store, table, os));
  }
  return 0;
}

/** @param {Session} session */
function showAnchors(session) {
  const parent = anchorOf(session);
  const prefix = parent === '' ? '' : `${parent}/`;
  const children = anchorPaths(session.store)
    .filter((path) => path.startsWith(prefix))
    .map((path) => prefix + path.slice(prefix.length).split('/')[0]);
  for (const path of [...new Set(children)].sort()) session.out(`  ${path}\n`);
  return 0;
}
