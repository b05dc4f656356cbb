import type { Exec } from '../process/exec.ts';

/**
 * The addresses of this node that CARP moves from node to node, by what ifconfig(8) prints; none
 * where it can't be run or prints something else. `networkInterfaces` of Node does not tell: on
 * FreeBSD they are on the same interface as the node's own.
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
 * OpenBSD: every address of an interface `carpN`. FreeBSD: those whose line ends in `vhid N`, on any
 * interface. Link-local addresses, which have a zone, are left out: no `source` can be one.
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
