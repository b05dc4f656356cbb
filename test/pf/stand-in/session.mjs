/**
 * The options, input, output and memory of one call of pfctl.
 * @typedef {object} Session
 * @property {import('./messages.mjs').Os} os
 * @property {import('./options.mjs').Options} options
 * @property {import('./store.mjs').Store} store
 * @property {string} stdin
 * @property {number} now seconds since 1970
 * @property {boolean} hasDevice false for `-n` where /dev/pf cannot be opened
 * @property {(text: string) => void} out
 * @property {(text: string) => void} err
 */

/**
 * @param {Omit<Session, 'out' | 'err' | 'now'>} parts
 * @returns {{ session: Session, stdout: () => string, stderr: () => string }}
 */
export function openSession(parts) {
  /** @type {string[]} */
  const stdout = [];
  /** @type {string[]} */
  const stderr = [];
  return {
    session: {
      ...parts,
      now: Math.floor(Date.now() / 1000),
      out: (text) => stdout.push(text),
      err: (text) => stderr.push(text),
    },
    stdout: () => stdout.join(''),
    stderr: () => stderr.join(''),
  };
}

/**
 * @param {Session} session
 * @returns {string} the anchor's path, '' for the main ruleset
 */
export function anchorOf(session) {
  return (session.options.anchor ?? '').replace(/^\/+/, '');
}

/**
 * pfctl_table.c xprintf: prints a summary on stderr, unless -q.
 * @param {Session} session
 * @param {string} text
 */
export function summary(session, text) {
  if (session.options.quiet) return;
  const how = session.hasDevice ? ' (dummy)' : ' (syntax only)';
  session.err(`${text}${session.options.dryRun ? how : ''}.\n`);
}

/**
 * ctime(3), with its newline.
 * @param {number} seconds
 */
export function ctime(seconds) {
  const [day, month, date, year, time] = new Date(seconds * 1000).toString().split(' ');
  return `${day} ${month} ${date?.replace(/^0/, ' ')} ${time} ${year}\n`;
}
