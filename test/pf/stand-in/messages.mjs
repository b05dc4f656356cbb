/** @typedef {'openbsd' | 'freebsd'} Os */

/** @type {Readonly<Record<Os, string>>} */
export const USAGE = {
  openbsd: `usage: pfctl [-deghNnPqrvz] [-a anchor] [-D macro=value] [-F modifier] [-f file]
\t[-i interface] [-K key] [-k key] [-L statefile] [-o level]
\t[-p device] [-S statefile] [-s modifier [-R id]]
\t[-t table -T command [address ...]] [-V rdomain] [-x level]
`,
  freebsd: `usage: pfctl [-AdeghMmNnOPqRSrvz] [-a anchor] [-D macro=value] [-F modifier]
\t[-f file] [-i interface] [-K host | network]
\t[-k host | network | gateway | label | id] [-o level] [-p device]
\t[-s modifier] [-t table -T command [address ...]] [-x level]
`,
};

/** FreeBSD's pfctl probes ALTQ when it opens the device with -v. */
export const ALTQ_LINES = 'No ALTQ support in kernel\nALTQ related functions disabled\n';

const LIMITS = [
  'states',
  'src-nodes',
  'frags',
  'tables',
  'table-entries',
  'pktdelay-pkts',
  'anchors',
];

/**
 * What OpenBSD's pfctl 1.397 prints when it fails: it sets the limits back, also when it could not
 * have changed them, because the device is open for reading only or at securelevel 2.
 * @param {string} reason
 */
export function limitLines(reason) {
  return LIMITS.map((limit) => `pfctl: DIOCSETLIMIT (${limit}): ${reason}\n`).join('');
}

/** @param {Os} os */
export function noTable(os) {
  return `pfctl: Table does not exist${os === 'freebsd' ? '.' : ''}\n`;
}

/** @param {Os} os */
export function noAnchor(os) {
  return `pfctl: Anchor does not exist${os === 'freebsd' ? '.' : ''}\n`;
}

export const NOT_PERMITTED = 'pfctl: Operation not permitted\n';

/** FreeBSD's pfctl_radix.c returns an error without setting errno, so pfctl prints a stale one. */
export const STALE_ERRNO = 'pfctl: Operation not supported by device\n';
