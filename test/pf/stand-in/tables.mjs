/** @typedef {import('./store.mjs').Store} Store */
/** @typedef {import('./store.mjs').Table} Table */

/**
 * @param {Store} store
 * @param {string} name
 * @param {string} anchor
 */
export function findTable(store, name, anchor) {
  return store.read('tables').find((table) => table.name === name && table.anchor === anchor);
}

/**
 * @param {string} name
 * @param {string} anchor
 * @returns {Table}
 */
export function newTable(name, anchor) {
  return {
    name,
    anchor,
    persist: true,
    const: false,
    counters: false,
    cleared: Math.floor(Date.now() / 1000),
    addresses: {},
  };
}

/**
 * Puts a table in place of the one of the same name and anchor.
 * @param {Store} store
 * @param {Table} table
 */
export function putTable(store, table) {
  const others = store
    .read('tables')
    .filter((other) => other.name !== table.name || other.anchor !== table.anchor);
  store.write('tables', [...others, table]);
}

/**
 * @param {Store} store
 * @param {(table: Table) => boolean} keep
 * @returns {number} the number of dropped tables
 */
export function dropTables(store, keep) {
  const tables = store.read('tables');
  const kept = tables.filter(keep);
  if (kept.length < tables.length) store.write('tables', kept);
  return tables.length - kept.length;
}

/**
 * The tables of one ruleset in the order of `-s Tables`.
 * @param {Store} store
 * @param {string} anchor
 */
export function tablesOf(store, anchor) {
  return store
    .read('tables')
    .filter((table) => table.anchor === anchor)
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/**
 * The seven flags of `-v -s Tables`. pfctl_table.c leaves out tables that are not active.
 * @param {Store} store
 * @param {Table} table
 */
export function flagsOf(store, table) {
  return [
    table.const ? 'c' : '-',
    table.persist ? 'p' : '-',
    'a',
    '-',
    isReferenced(store, table) ? 'r' : '-',
    isReferencedFromAnchor(store, table) ? 'h' : '-',
    table.counters ? 'C' : '-',
  ].join('');
}

/**
 * @param {Store} store
 * @param {Table} table
 */
export function isReferenced(store, table) {
  return store.read('rulesets')[table.anchor]?.references.includes(table.name) ?? false;
}

/**
 * Whether a rule of an anchor refers to this table of the main ruleset. The flag stays when a table of
 * the anchor hides it (recorded: fbsd-flags-main, fbsd-flags-anchor-shadow).
 * @param {Store} store
 * @param {Table} table
 */
export function isReferencedFromAnchor(store, table) {
  if (table.anchor !== '') return false;
  return Object.entries(store.read('rulesets')).some(
    ([anchor, ruleset]) => anchor !== '' && ruleset.references.includes(table.name),
  );
}

/**
 * Whether an anchor exists: it has tables, it has rules, or rules call it.
 * @param {Store} store
 * @param {string} anchor
 */
export function anchorExists(store, anchor) {
  if (anchor === '') return true;
  return anchorPaths(store).some((path) => path === anchor || path.startsWith(`${anchor}/`));
}

/** @param {Store} store */
export function anchorPaths(store) {
  const rulesets = store.read('rulesets');
  return [
    ...store.read('tables').map((table) => table.anchor),
    ...Object.keys(rulesets),
    ...Object.values(rulesets).flatMap((ruleset) => ruleset.anchors),
  ].filter((path) => path !== '');
}
