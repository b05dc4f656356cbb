import type { Exec } from '../process/exec.ts';

/**
 * The CARP addresses of this node, which move from node to node, as ifconfig(8) prints them. None when
 * ifconfig can't be run or prints something else. Node's `networkInterfaces` can't tell them from the
 * node's own addresses: on FreeBSD both are on the same interface.
 */
export async function readCarpAddresses(
  exec: Exec,
  ifconfig: string,
): Promise<ReadonlySet<string>> {
  const result = await exec({
    argv: [ifconfig, '-a'],
    env: { LC_ALL: 'C' },
    timeoutMs: TIMEOUT_MS,
    maxOutputBytes: MAX_OUTPUT_BYTES,
  });
  return result.kind === 'exited' ? parseCarpAddresses(result.stdout) : new Set();
}

const TIMEOUT_MS = 4000;
const MAX_OUTPUT_BYTES = 4 * 1024 * 1024;

/**
 * OpenBSD: every address of an interface `carpN`. FreeBSD: every address whose line ends in `vhid N`,
 * on any interface. Addresses with a zone (link-local) are left out: they can't be a `source`.
 */
function parseCarpAddresses(listing: string): Set<string> {
  const addresses = new Set<string>();
  let isCarp = false;
  for (const line of listing.split('\n')) {
    const name = /^(\S+): flags=/.exec(line)?.[1];
    if (name !== undefined) isCarp = /^carp\d+$/.test(name);
    const [, address, rest = ''] = /^\s+inet6? ([0-9a-f.:]+) (.*)$/.exec(line) ?? [];
    if (address !== undefined && (isCarp || / vhid \d+/.test(rest))) addresses.add(address);
  }
  return addresses;
}
