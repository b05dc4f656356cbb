import { formatAddress, parseAddress } from './address.mjs';

/**
 * An address with the port, if the protocol has one. Parsed from "10.0.2.2:51784" or
 * "fd00:9::1[9000]", which pf prints, or from "[fd00:9::1]:9000".
 * @typedef {{ hex: string, af: 4 | 6, host: string, port: string | undefined }} Endpoint
 */

/**
 * @param {string} text
 * @returns {Endpoint}
 * @throws {Error} when it is no address
 */
export function parseEndpoint(text) {
  const [, bracketed, outerPort] = /^\[([^\]]+)\](?::(\d+))?$/.exec(text) ?? [];
  const [, v6, v6Port] =
    /^([0-9a-fA-F:.]*:[0-9a-fA-F:.]*:[0-9a-fA-F:.]*)(?:\[(\d+)\])?$/.exec(text) ?? [];
  const [, v4, v4Port] = /^(\d+\.\d+\.\d+\.\d+)(?::(\d+))?$/.exec(text) ?? [];
  const parsed = parseAddress(bracketed ?? v6 ?? v4 ?? text, 'openbsd');
  if (parsed.kind !== 'address') throw new Error(`"${text}" is no address of a state`);
  const { address } = parsed;
  return {
    hex: address.hex,
    af: address.af,
    host: formatAddress(address),
    port: outerPort ?? v6Port ?? v4Port,
  };
}

/** @param {string} text */
export function formatEndpoint(text) {
  const { af, host, port } = parseEndpoint(text);
  if (port === undefined) return host;
  return af === 4 ? `${host}:${port}` : `${host}[${port}]`;
}
