import { readFileSync } from 'node:fs';
import { formatAddress, parseAddress } from './address.mjs';

/** @typedef {import('./address.mjs').Address} Address */
/** @typedef {import('./session.mjs').Session} Session */

/**
 * @typedef {{ kind: 'loaded', addresses: Address[] } | { kind: 'failed', code: number }} Loaded
 */

/**
 * Reads all addresses of a table command before it changes anything: its arguments, then the file.
 * @param {Session} session
 * @param {{ hostsOnly: boolean }} how
 * @returns {Loaded}
 */
export function loadAddresses(session, { hostsOnly }) {
  const { args, file } = session.options;
  /** @type {Address[]} */
  const addresses = [];
  for (const word of args) {
    const address = decode(session, word, hostsOnly);
    if (address.kind === 'failed') {
      if (address.code === 255 && address.errno !== '') {
        session.err(`pfctl: cannot decode ${word}: ${address.errno}\n`);
      }
      return { kind: 'failed', code: address.code };
    }
    addresses.push(address.address);
  }
  if (file === undefined) return { kind: 'loaded', addresses };

  const text = textOf(session, file);
  if (text.kind === 'failed') {
    session.err(`pfctl: cannot load ${file}: ${text.errno}\n`);
    return { kind: 'failed', code: 255 };
  }
  for (const word of wordsOf(text.text)) {
    const address = decode(session, word, hostsOnly);
    if (address.kind === 'failed') {
      const nothing = session.os === 'freebsd' ? 'No error: 0' : 'Undefined error: 0';
      if (address.code === 255) {
        session.err(`pfctl: cannot load ${file}: ${address.errno || nothing}\n`);
      }
      return { kind: 'failed', code: address.code };
    }
    addresses.push(address.address);
  }
  return { kind: 'loaded', addresses };
}

/**
 * The words of an address file. A line may have several, and a word that begins with "#" begins a
 * comment.
 * @param {string} text
 */
export function wordsOf(text) {
  return text.split('\n').flatMap((line) => {
    const words = line.split(/\s+/).filter((word) => word !== '');
    const comment = words.findIndex((word) => word.startsWith('#'));
    return comment < 0 ? words : words.slice(0, comment);
  });
}

/**
 * @param {Session} session
 * @param {string} file
 * @returns {{ kind: 'text', text: string } | { kind: 'failed', errno: string }}
 */
export function textOf(session, file) {
  if (file === '-') return { kind: 'text', text: session.stdin };
  try {
    return { kind: 'text', text: readFileSync(file, 'utf8') };
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    if (code === 'ENOENT') return { kind: 'failed', errno: 'No such file or directory' };
    if (code === 'EACCES') return { kind: 'failed', errno: 'Permission denied' };
    if (code === 'EISDIR') return { kind: 'failed', errno: 'Is a directory' };
    throw error;
  }
}

/**
 * The key of an address in a stored table.
 * @param {Address} address
 */
export function keyOf(address) {
  return (address.not ? '!' : '') + formatAddress(address);
}

/**
 * @param {Session} session
 * @param {string} word
 * @param {boolean} hostsOnly
 * @returns {{ kind: 'address', address: Address }
 *   | { kind: 'failed', code: number, errno: string }}
 */
function decode(session, word, hostsOnly) {
  const parsed = parseAddress(word, session.os);
  switch (parsed.kind) {
    case 'address': {
      const bits = parsed.address.af === 4 ? 32 : 128;
      if (hostsOnly && (parsed.address.not || parsed.address.net !== bits)) {
        return { kind: 'failed', code: 255, errno: 'Invalid argument' };
      }
      return parsed;
    }
    case 'unresolved':
      session.err(`no IP address found for ${word.replace(/^!*/, '')}\n`);
      return { kind: 'failed', code: 255, errno: '' };
    case 'wide-mask':
      return { kind: 'failed', code: 255, errno: 'Invalid argument' };
    case 'bad-mask':
      session.err(`netmask is ${parsed.complaint}: ${word.slice(word.indexOf('/'))}\n`);
      // FreeBSD 15.1 frees a pointer that was never set: the process died of SIGTRAP.
      if (session.os === 'freebsd') return { kind: 'failed', code: 128 + 5, errno: '' };
      return { kind: 'failed', code: 255, errno: '' };
  }
}
