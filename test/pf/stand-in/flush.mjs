import { refusedAtSecurelevel } from './securelevel.mjs';
import { anchorOf, summary } from './session.mjs';
import { dropTables } from './tables.mjs';

/** @typedef {import('./session.mjs').Session} Session */

/**
 * `-F modifier`.
 * @param {Session} session
 * @returns {number} the exit status
 */
export function flush(session) {
  if (refusedAtSecurelevel(session, 'DIOCXBEGIN')) return 1;
  switch (session.options.flush) {
    case 'states':
      flushStates(session);
      break;
    case 'Sources':
      flushSources(session);
      break;
    case 'rules':
      flushRules(session);
      break;
    case 'Tables':
      flushTables(session);
      break;
    case 'all':
      for (const part of [flushRules, flushTables, flushStates, flushSources]) part(session);
      break;
    default:
      throw new Error(`-F ${session.options.flush} is not part of the stand-in`);
  }
  return 0;
}

/**
 * Flushes all states, also with -a (recorded: anchor-F-states).
 * @param {Session} session
 */
function flushStates(session) {
  const count = session.store.read('states').length;
  session.store.write('states', []);
  say(session, `${count} states cleared\n`);
}

/** @param {Session} session */
function flushSources(session) {
  session.store.write('sources', []);
  say(session, 'source tracking entries cleared\n');
}

/** @param {Session} session */
function flushRules(session) {
  const { [anchorOf(session)]: _gone, ...others } = session.store.read('rulesets');
  session.store.write('rulesets', others);
  say(session, 'rules cleared\n');
}

/** @param {Session} session */
function flushTables(session) {
  const anchor = anchorOf(session);
  const count = dropTables(session.store, (table) => table.anchor !== anchor);
  summary(session, `${count} tables deleted`);
}

/**
 * @param {Session} session
 * @param {string} text
 */
function say(session, text) {
  if (!session.options.quiet) session.err(text);
}
