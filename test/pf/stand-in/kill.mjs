import { covers, masked, parseAddress } from './address.mjs';
import { parseEndpoint } from './endpoint.mjs';
import { USAGE } from './messages.mjs';
import { refusedAtSecurelevel } from './securelevel.mjs';

/** @typedef {import('./session.mjs').Session} Session */
/** @typedef {import('./state-lines.mjs').State} State */
/** @typedef {{ af: number, hex: string, net: number }} Network */

/**
 * `-k` once or twice.
 * @param {Session} session
 * @returns {number} the exit status
 */
export function killStates(session) {
  if (refusedAtSecurelevel(session, 'DIOCKILLSTATES')) return 1;
  const [first = '', second] = session.options.kill;
  switch (first) {
    case 'label':
      if (second === undefined) return usage(session, 'no label specified');
      return killMatching(session, (state) => state.label === second);
    case 'id':
      return killById(session, second);
    case 'key':
      if (second === undefined) return usage(session, 'no key specified');
      return killMatching(session, (state) => keyOf(state) === second.replace(/\s+/g, ' ').trim());
    case 'gateway':
      // States of the stand-in have no gateway. On OpenBSD the word is the name of a host.
      if (session.os === 'freebsd') return killMatching(session, () => false);
      break;
    case 'nat':
      // FreeBSD 15.1 killed nothing in all recorded runs, whatever the address.
      if (session.os === 'freebsd') return reportKilled(session, 'states', 0, [second ?? '']);
  }
  const matches = matcher(session, session.options.kill);
  if (matches === undefined) return 1;
  const killed = removeStates(session, (state) => matches(endsOf(state)));
  return reportKilled(session, 'states', killed, session.options.kill);
}

/**
 * `-K` once or twice. The states of a killed node stay.
 * @param {Session} session
 * @returns {number} the exit status
 */
export function killSources(session) {
  if (refusedAtSecurelevel(session, 'DIOCKILLSRCNODES')) return 1;
  const matches = matcher(session, session.options.killSources);
  if (matches === undefined) return 1;
  const nodes = session.store.read('sources');
  const kept = nodes.filter(({ client, backend }) => {
    const source = parseEndpoint(client);
    const none = source.af === 4 ? '0.0.0.0' : '::';
    return !matches({ source, destination: parseEndpoint(backend ?? none) });
  });
  session.store.write('sources', kept);
  return reportKilled(
    session,
    'src nodes',
    nodes.length - kept.length,
    session.options.killSources,
  );
}

/**
 * The two addresses that the kernel compares: the client, and the destination on the client's side of
 * the state. That is the VIP of an inbound leg and the backend of an outbound one.
 * @param {State} state
 */
function endsOf(state) {
  const destination = state.direction === 'in' ? (state.vip ?? state.backend) : state.backend;
  return { source: parseEndpoint(state.client), destination: parseEndpoint(destination) };
}

/**
 * @param {Session} session
 * @param {readonly string[]} words
 */
function matcher(session, words) {
  const networks = [];
  for (const word of words) {
    const parsed = parseAddress(word, session.os);
    if (parsed.kind !== 'address') {
      session.err(
        session.os === 'freebsd'
          ? 'pfctl: getaddrinfo: Name does not resolve\n'
          : 'pfctl: getaddrinfo: name or service is not known\n',
      );
      return undefined;
    }
    networks.push(parsed.address);
  }
  const [source, destination] = networks;
  if (source === undefined) throw new Error('no address to match');
  /** @type {readonly [Network, Network | undefined]} */
  const [wantedSource, wantedDestination] =
    destination !== undefined && session.os === 'freebsd'
      ? misplaced(source, destination)
      : [source, destination];
  /** @param {{ source: Host, destination: Host }} ends */
  return (ends) =>
    covers(wantedSource, ends.source) &&
    (wantedDestination === undefined || covers(wantedDestination, ends.destination));
}

/** @typedef {{ af: number, hex: string }} Host */

/**
 * FreeBSD 15.1 stores the second address in place of the first, and leaves the second zero; the masks
 * are right. So A B kills nothing, but 0/0 0/0 kills all (both recorded).
 * @param {Network} source
 * @param {Network} destination
 * @returns {readonly [Network, Network]}
 */
function misplaced(source, destination) {
  return [
    { af: destination.af, net: source.net, hex: masked(destination.hex, source.net) },
    { ...destination, hex: '0'.repeat(destination.hex.length) },
  ];
}

/**
 * @param {Session} session
 * @param {string | undefined} text "id" or "id/creatorid"; without the second, this machine's
 */
function killById(session, text) {
  if (text === undefined) return usage(session, 'no id specified');
  const [, id = '', creator] = /^([0-9a-f]{1,16})(?:\/([0-9a-f]{1,8}))?$/i.exec(text) ?? [];
  if (id === '') return usage(session, 'wrong id format specified');
  const { hostid } = session.store.read('status');
  return killMatching(
    session,
    (state) =>
      BigInt(`0x${state.id}`) === BigInt(`0x${id}`) &&
      Number.parseInt(state.creatorid ?? hostid, 16) === Number.parseInt(creator ?? hostid, 16),
  );
}

/** @param {State} state */
function keyOf(state) {
  const other = state.direction === 'in' ? (state.vip ?? state.backend) : state.backend;
  return `${state.proto ?? 'tcp'} ${state.client} -> ${other}`;
}

/**
 * @param {Session} session
 * @param {(state: State) => boolean} isMatch
 */
function killMatching(session, isMatch) {
  const killed = removeStates(session, isMatch);
  if (!session.options.quiet) session.err(`killed ${killed} states\n`);
  return 0;
}

/**
 * @param {Session} session
 * @param {(state: State) => boolean} isMatch
 */
function removeStates(session, isMatch) {
  const states = session.store.read('states');
  const kept = states.filter((state) => !isMatch(state));
  if (kept.length < states.length) session.store.write('states', kept);
  return states.length - kept.length;
}

/**
 * @param {Session} session
 * @param {string} what
 * @param {number} killed
 * @param {readonly string[]} words
 */
function reportKilled(session, what, killed, words) {
  const counts = `from 1 sources and ${words.length - 1} destinations`;
  if (!session.options.quiet) session.err(`killed ${killed} ${what} ${counts}\n`);
  return 0;
}

/**
 * @param {Session} session
 * @param {string} complaint
 */
function usage(session, complaint) {
  session.err(`pfctl: ${complaint}\n${USAGE[session.os]}`);
  return 1;
}
