import { hostname, networkInterfaces } from 'node:os';

/** This machine's name, without its domain. */
export function nodeName(): string {
  return hostname().split('.', 1)[0] ?? '';
}

/** All addresses of this machine's interfaces, as the system formats them. */
export function ownAddresses(): Set<string> {
  const interfaces = Object.values(networkInterfaces()).flatMap((one) => one ?? []);
  return new Set(interfaces.map(({ address }) => address));
}
