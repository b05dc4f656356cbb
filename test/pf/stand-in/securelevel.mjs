/** @typedef {import('./session.mjs').Session} Session */

/**
 * OpenBSD's securelevel(7): at 2 rules, states and the existence of tables can't change.
 * @param {Session} session
 * @param {string} request the ioctl that the kernel refuses
 */
export function refusedAtSecurelevel(session, request) {
  if (session.os !== 'openbsd' || session.store.read('status').securelevel < 2) return false;
  session.err(`pfctl: ${request}: Operation not permitted\n`);
  return true;
}
