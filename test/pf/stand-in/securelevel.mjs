/** @typedef {import('./session.mjs').Session} Session */

/**
 * securelevel(7) of OpenBSD: at 2 the rules, the states and the existence of tables are fixed.
 * @param {Session} session
 * @param {string} request the ioctl that the kernel refuses
 */
export function refusedAtSecurelevel(session, request) {
  if (session.os !== 'openbsd' || session.store.read('status').securelevel < 2) return false;
  session.err(`pfctl: ${request}: Operation not permitted\n`);
  return true;
}
