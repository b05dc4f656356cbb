import type { Config } from '../config/config.ts';

/** What a reload can't bring into force. */
export function notesOn(before: Config, after: Config): string[] {
  const fixed: [string, unknown, unknown][] = [
    ['daemon.socket', before.daemon.socket, after.daemon.socket],
    ['daemon.socket_group', before.daemon.socketGroup, after.daemon.socketGroup],
    ['daemon.state_file', before.daemon.stateFile, after.daemon.stateFile],
    ['pf.driver', before.pf.driver, after.pf.driver],
    ['pf.pfctl', before.pf.pfctl.join(' '), after.pf.pfctl.join(' ')],
    ['pf.helper', before.pf.helper?.join(' '), after.pf.helper?.join(' ')],
  ];
  return fixed
    .filter(([, was, is]) => was !== is)
    .map(([key]) => `${key} has changed, which takes effect when hfmd is started again`);
}
