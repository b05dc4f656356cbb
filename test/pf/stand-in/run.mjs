import { ALTQ_LINES, limitLines } from './messages.mjs';

/** @typedef {import('./session.mjs').Session} Session */

/**
 * Loads the modules for the options; only those, because most calls are a table command. The steps are
 * in the order of pfctl.c main().
 * @param {Session} session
 * @returns {Promise<() => number>} runs the steps synchronously and returns the exit status
 */
export async function prepare(session) {
  const { options } = session;
  const steps = [];
  if (!options.dryRun) {
    if (options.disable) steps.push((await import('./switch.mjs')).disable);
    if (options.show !== undefined) steps.push((await import('./show.mjs')).show);
    if (options.flush !== undefined) steps.push((await import('./flush.mjs')).flush);
    if (options.kill.length > 0) steps.push((await import('./kill.mjs')).killStates);
    if (options.killSources.length > 0) steps.push((await import('./kill.mjs')).killSources);
  }
  if (options.tableCommand !== undefined) {
    steps.push((await import('./table-commands.mjs')).tableCommand);
  } else if (options.file !== undefined) {
    steps.push((await import('./load.mjs')).loadRules);
  }
  if (options.enable && !options.dryRun) steps.push((await import('./switch.mjs')).enable);
  return () => runSteps(session, steps);
}

/**
 * @param {Session} session
 * @param {readonly ((session: Session) => number)[]} steps
 */
function runSteps(session, steps) {
  const { options, os, store } = session;
  if (os === 'freebsd' && options.verbose > 0 && !options.dryRun) session.err(ALTQ_LINES);
  for (const step of steps) {
    const code = step(session);
    if (code === 0) continue;
    if (os === 'openbsd' && !options.dryRun) {
      if (store.read('status').securelevel >= 2) {
        session.err(limitLines('Operation not permitted'));
      } else if (!options.writes) session.err(limitLines('Permission denied'));
    }
    return code;
  }
  return 0;
}
