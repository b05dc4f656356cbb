/** The default paths; the command line and hfm.toml can set others. */
export interface Paths {
  readonly config: string;
  readonly socket: string;
  readonly stateFile: string;
}

/** hier(7): on FreeBSD, configurations of programs outside the base system are under /usr/local. */
export function defaultPaths(platform: NodeJS.Platform): Paths {
  return {
    config: platform === 'freebsd' ? '/usr/local/etc/hfm.toml' : '/etc/hfm.toml',
    socket: '/var/run/hfm/hfm.sock',
    stateFile: '/var/db/hfm/state.json',
  };
}

/** The longest path of a Unix socket without its final NUL: 104 bytes with it on the BSDs, 108 on Linux. */
export const SOCKET_PATH_BYTES = 103;

export const PATHS = defaultPaths(process.platform);
