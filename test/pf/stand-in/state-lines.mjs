import { formatEndpoint } from './endpoint.mjs';

/** @typedef {import('./messages.mjs').Os} Os */

/**
 * An entry of `states.json`. Endpoints are "10.0.2.2:51784", "fd00:9::1[9000]", or an address without
 * a port.
 * @typedef {object} State
 * @property {string} id 16 hex digits
 * @property {string} [creatorid] 8 hex digits; without it, this machine's
 * @property {'in' | 'out'} direction
 * @property {string} client the side that opened the connection
 * @property {string} [vip] in: the address that the client asked for, when an rdr redirected it
 * @property {string} backend the side that the packets go to
 * @property {string} [node] out: the address that nat replaced the client's by
 * @property {string} [proto] default tcp
 * @property {string} [iface] default all; the interface's name with if-bound states
 * @property {string} [state] default ESTABLISHED:ESTABLISHED
 * @property {string} [origif] FreeBSD: the interface, for -vv
 * @property {string} [label] of the rule that made it, for -k label
 * @property {string} [seq] tcp: the second line of -v, default "[1000 + 65535]  [2000 + 65535]"
 * @property {number} [ageS]
 * @property {number} [expiresS] default 86400
 * @property {[number, number]} [packets]
 * @property {[number, number]} [bytes]
 * @property {number} [anchor]
 * @property {number} [rule]
 * @property {boolean} [sourceTrack]
 * @property {boolean} [sticky]
 */

/**
 * The lines of `-s states` for one state: one, three or four with -v, up to five with -vv.
 * @param {State} state
 * @param {{ os: Os, verbose: number, hostid: string }} how
 */
export function formatState(state, { os, verbose, hostid }) {
  const { iface = 'all', proto = 'tcp', state: levels = 'ESTABLISHED:ESTABLISHED' } = state;
  const lines = [`${iface} ${proto} ${direction(state)}       ${levels}`];
  if (verbose > 0) {
    if (proto === 'tcp') lines.push(`   ${state.seq ?? '[1000 + 65535]  [2000 + 65535]'}`);
    lines.push(`   ${details(state, os)}`);
  }
  if (verbose > 1) {
    lines.push(`   id: ${state.id} creatorid: ${state.creatorid ?? hostid}`);
    if (os === 'freebsd' && state.origif !== undefined) lines.push(`   origif: ${state.origif}`);
  }
  return `${lines.join('\n')}\n`;
}

/**
 * Inbound: BACKEND (VIP) <- CLIENT. Outbound: CLIENT -> BACKEND, or NODE (CLIENT) -> BACKEND.
 * @param {State} state
 */
function direction(state) {
  const [client, backend] = [formatEndpoint(state.client), formatEndpoint(state.backend)];
  if (state.direction === 'in') {
    const vip = state.vip === undefined ? '' : ` (${formatEndpoint(state.vip)})`;
    return `${backend}${vip} <- ${client}`;
  }
  const source = state.node === undefined ? client : `${formatEndpoint(state.node)} (${client})`;
  return `${source} -> ${backend}`;
}

/**
 * @param {State} state
 * @param {Os} os
 */
function details(state, os) {
  const { packets = [0, 0], bytes = [0, 0] } = state;
  const words = [
    `age ${clock(state.ageS ?? 0)}`,
    `expires in ${clock(state.expiresS ?? 86_400)}`,
    `${packets.join(':')} pkts`,
    `${bytes.join(':')} bytes`,
  ];
  if (state.anchor !== undefined) words.push(`anchor ${state.anchor}`);
  if (state.rule !== undefined) words.push(`rule ${state.rule}`);
  if (state.sourceTrack) words.push(os === 'freebsd' ? 'limit source-track' : 'source-track');
  if (state.sticky) words.push(os === 'freebsd' ? 'NAT/RDR sticky-address' : 'sticky-address');
  return words.join(', ');
}

/** @param {number} seconds */
export function clock(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}
