/** Where things are unless the command line or hfm.toml says otherwise. */
export interface Paths {
  readonly config: string;
  readonly socket: string;
  readonly stateFile: string;
}

/** hier(7): FreeBSD has the configuration of what is not of its base system under /usr/local. */
export function defaultPaths(platform: NodeJS.Platform): Paths {
  return {
    config: platform === 'freebsd' ? '/usr/local/etc/hfm.toml' : '/etc/hfm.toml',
    socket: '/var/run/hfm/hfm.sock',
    stateFile: '/var/db/hfm/state.json',
  };
}

/** The longest path of a Unix socket: 104 bytes on the BSDs, 108 on Linux, with a final NUL. */
export const SOCKET_PATH_BYTES = 103;

export const PATHS = defaultPaths(process.platform);
