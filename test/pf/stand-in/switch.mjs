import { refusedAtSecurelevel } from './securelevel.mjs';

/** @typedef {import('./session.mjs').Session} Session */

/** @param {Session} session */
export function enable(session) {
  return switchTo(session, true, 'DIOCSTART');
}

/** @param {Session} session */
export function disable(session) {
  return switchTo(session, false, 'DIOCSTOP');
}

/**
 * @param {Session} session
 * @param {boolean} enabled
 * @param {string} request
 */
function switchTo(session, enabled, request) {
  const status = session.store.read('status');
  if (refusedAtSecurelevel(session, request)) return 1;
  if (status.enabled === enabled) {
    session.err(enabled ? 'pfctl: pf already enabled\n' : 'pfctl: pf not enabled\n');
    return 1;
  }
  session.store.write('status', { ...status, enabled, since: session.now });
  if (!session.options.quiet) session.err(enabled ? 'pf enabled\n' : 'pf disabled\n');
  return 0;
}
