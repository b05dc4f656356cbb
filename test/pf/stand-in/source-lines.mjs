import { formatEndpoint } from './endpoint.mjs';
import { clock } from './state-lines.mjs';

/**
 * An entry of `sources.json`: a source-tracking node.
 * @typedef {object} SourceNode
 * @property {string} client
 * @property {string} [backend] absent for a node of a filter rule (`source-track`)
 * @property {number} [states] default 1
 * @property {number} [connections] default 0
 * @property {string} [rate] default "0.0/0s"
 * @property {number} [ageS]
 * @property {number} [expiresS] shown when it has no states
 * @property {number} [packets]
 * @property {number} [bytes]
 * @property {number} [rule]
 */

/**
 * The lines of `-s Sources` for one node.
 * @param {SourceNode} node
 * @param {{ os: import('./messages.mjs').Os, verbose: number }} how
 */
export function formatSource(node, { os, verbose }) {
  const { client, backend, states = 1, connections = 0, rate = '0.0/0s' } = node;
  const counts = `( states ${states}, connections ${connections}, rate ${rate} )`;
  const line = `${formatEndpoint(client)}${toward(backend, client, os)} ${counts}\n`;
  return verbose === 0 ? line : `${line}   ${details(node, os)}\n`;
}

/**
 * FreeBSD prints "client -> backend", with zeros where there is no backend. OpenBSD prints
 * "client rdr-to backend" (read: pfctl_parser.c print_src_node), and nothing for zeros.
 * @param {string | undefined} backend
 * @param {string} client
 * @param {import('./messages.mjs').Os} os
 */
function toward(backend, client, os) {
  if (os === 'openbsd') return backend === undefined ? '' : ` rdr-to ${formatEndpoint(backend)}`;
  const none = client.includes(':') ? '::' : '0.0.0.0';
  return ` -> ${backend === undefined ? none : formatEndpoint(backend)}`;
}

/**
 * @param {SourceNode} node
 * @param {import('./messages.mjs').Os} os
 */
function details(node, os) {
  const words = [`age ${clock(node.ageS ?? 0)}`];
  if (node.states === 0) words.push(`expires in ${clock(node.expiresS ?? 0)}`);
  words.push(`${node.packets ?? 0} pkts`, `${node.bytes ?? 0} bytes`);
  const { rule = 0, backend } = node;
  if (os === 'openbsd') words.push(`rule ${rule}`);
  else if (backend !== undefined) words.push(`rdr rule ${rule}`, 'NAT/RDR sticky-address');
  else words.push(`filter rule ${rule}`, 'limit source-track');
  return words.join(', ');
}
