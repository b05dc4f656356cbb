import { ctime } from './session.mjs';
import { flagsOf, isReferenced, isReferencedFromAnchor } from './tables.mjs';

/** @typedef {import('./messages.mjs').Os} Os */
/** @typedef {import('./store.mjs').Store} Store */
/** @typedef {import('./store.mjs').Table} Table */

/**
 * A line of `-s Tables`. In an anchor OpenBSD always prints name@anchor (recorded without -v; with -v
 * by pfctl_table.c print_table). FreeBSD prints a tab and the anchor, with -v only.
 * @param {Store} store
 * @param {Table} table
 * @param {{ os: Os, verbose: number }} how
 */
export function tableLine(store, table, { os, verbose }) {
  const flags = verbose > 0 ? `${flagsOf(store, table)}\t` : '';
  if (table.anchor === '') return `${flags}${table.name}\n`;
  if (os === 'openbsd') return `${flags}${table.name}@${table.anchor}\n`;
  return `${flags}${table.name}${verbose > 0 ? `\t${table.anchor}` : ''}\n`;
}

/**
 * The lines that `-vv -s Tables` adds. FreeBSD 15.1 prints a wrong number of addresses: its libpfctl
 * reads the number of references instead.
 * @param {Store} store
 * @param {Table} table
 * @param {Os} os
 */
export function tableStatistics(store, table, os) {
  const anchors = isReferencedFromAnchor(store, table) ? 1 : 0;
  const rules = isReferenced(store, table) ? 1 : 0;
  const addresses = os === 'freebsd' ? anchors : Object.keys(table.addresses).length;
  const kinds = os === 'freebsd' ? ['Block', 'Pass', 'XPass'] : ['Block', 'Match', 'Pass', 'XPass'];
  const traffic = ['In', 'Out'].flatMap((way) =>
    kinds.map((kind) => pair(`${way}/${kind}:`, ['Packets', 0], ['Bytes', 0])),
  );
  return [
    `\tAddresses:   ${addresses}\n`,
    `\tCleared:     ${ctime(table.cleared)}`,
    pair('References:', ['Anchors', anchors], ['Rules', rules]),
    pair('Evaluations:', ['NoMatch', 0], ['Match', 0]),
    ...traffic,
  ].join('');
}

/**
 * @param {string} title
 * @param {[string, number]} first
 * @param {[string, number]} second
 */
function pair(title, first, second) {
  const cells = [first, second].map(([name, value]) => `${name}: ${String(value).padEnd(18)} `);
  return `\t${title.padEnd(12)} [ ${cells.join('')}]\n`;
}
