import { textOf } from './address-list.mjs';
import { parseRuleset } from './ruleset.mjs';
import { refusedAtSecurelevel } from './securelevel.mjs';
import { anchorOf } from './session.mjs';
import {
  dropTables,
  findTable,
  isReferenced,
  isReferencedFromAnchor,
  newTable,
  putTable,
} from './tables.mjs';

/** @typedef {import('./ruleset.mjs').Definition} Definition */
/** @typedef {import('./session.mjs').Session} Session */

/**
 * `-f file`: replaces the rules of the main ruleset or of an anchor, and its table definitions.
 * @param {Session} session
 * @returns {number} the exit status
 */
export function loadRules(session) {
  const { options, os } = session;
  const file = options.file ?? '';
  const text = textOf(session, file);
  if (text.kind === 'failed') {
    session.err(`pfctl: ${file}: ${text.errno}\n`);
    session.err(`pfctl: cannot open the main config file!: ${text.errno}\n`);
    return 1;
  }
  const name = file === '-' ? 'stdin' : file;
  const parsed = parseRuleset(text.text, { os, name, anchor: anchorOf(session) });
  if (options.dryRun && options.verbose > 0) session.out(parsed.echo.join(''));
  session.err(parsed.problems.join(''));
  if (parsed.problems.length > 0) {
    if (!options.dryRun) {
      session.err('pfctl: Syntax error in config file: pf rules not loaded\n');
    }
    return 1;
  }
  if (options.dryRun) return 0;
  if (refusedAtSecurelevel(session, 'DIOCXBEGIN')) return 1;
  const rulesets = { ...session.store.read('rulesets') };
  for (const [anchor, ruleset] of Object.entries(parsed.rulesets)) rulesets[anchor] = ruleset;
  session.store.write('rulesets', rulesets);
  for (const definition of parsed.definitions) define(session, definition);
  dropUnreferenced(session);
  return 0;
}

/**
 * pf.conf(5): the contents of a table stay only if its definition has none.
 * @param {Session} session
 * @param {Definition} definition
 */
function define({ store, now }, definition) {
  const { name, anchor, persist, counters, addresses } = definition;
  const old = findTable(store, name, anchor) ?? newTable(name, anchor);
  const fresh = addresses && Object.fromEntries(addresses.map((address) => [address, now]));
  putTable(store, {
    ...old,
    persist,
    counters,
    const: definition.const,
    addresses: fresh ?? old.addresses,
  });
}

/**
 * Drops tables without `persist` and without a reference.
 * @param {Session} session
 */
function dropUnreferenced({ store }) {
  dropTables(
    store,
    (table) => table.persist || isReferenced(store, table) || isReferencedFromAnchor(store, table),
  );
}
