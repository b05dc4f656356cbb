/** A line of `pfctl -ss`, as far as hfm reads it. A port is null when the protocol has none. */
export interface PfState {
  readonly protocol: string;
  /** `in`: the leg by which a client's packets enter; with an rdr, its left side is the backend. */
  readonly direction: 'in' | 'out';
  readonly left: Endpoint;
  /** The address before translation. On an inbound leg the client asked for this one. */
  readonly translated: Endpoint | null;
  readonly right: Endpoint;
  /** For example `ESTABLISHED:ESTABLISHED`, or `SINGLE:MULTIPLE` for UDP. */
  readonly state: string;
  /** `ID/CREATOR` as `pfctl -k id` takes it; null in a listing without `-vv`. */
  readonly id: string | null;
}

interface Endpoint {
  readonly address: string;
  readonly port: number | null;
}

/** Reads a listing line by line, and passes on each state after its last line. */
export interface StateReader {
  /** Returns whether the line is the first of a state. */
  line(line: string): boolean;
  /** Passes on the last state. */
  end(): void;
}

export function createStateReader(visit: (state: PfState) => void): StateReader {
  let current: PfState | null = null;
  const flush = (): void => {
    if (current !== null) visit(current);
    current = null;
  };
  return {
    line(line) {
      const state = parseStateLine(line);
      if (state !== null) {
        flush();
        current = state;
        return true;
      }
      // One of the lines that -vv adds: `   id: 425d006b00000000 creatorid: 8641e0ae`.
      const id = /^\s+id: ([0-9a-f]+) creatorid: ([0-9a-f]+)/.exec(line);
      if (current !== null && id !== null) current = { ...current, id: `${id[1]}/${id[2]}` };
      return false;
    },
    end: flush,
  };
}

/** The number in `killed 1 states`; 0 for any other text. */
export function parseKilledStates(stderr: string): number {
  return Number(/killed (\d+) states/.exec(stderr)?.[1] ?? 0);
}

/**
 * Whether a state is an open connection of a client to a backend through a redirection. A closed
 * connection keeps its state until a timeout (90 s in TIME_WAIT), and no client depends on it.
 */
export function isOpenRedirection(state: PfState): boolean {
  return state.direction === 'in' && state.translated !== null && isOpen(state);
}

/** Whether at least one side has not closed the connection. */
export function isOpen({ state }: PfState): boolean {
  return !state.split(':').every((side) => CLOSED.has(side));
}

const CLOSED: ReadonlySet<string> = new Set(['TIME_WAIT', 'FIN_WAIT_2', 'CLOSED']);

/**
 * Parses a state's first line, such as
 * `all tcp 10.9.9.1:9000 (10.0.2.15:8080) <- 10.0.2.2:57604       ESTABLISHED:ESTABLISHED`; null for
 * any other line. The first word is the interface if states are bound to interfaces.
 */
function parseStateLine(line: string): PfState | null {
  const match = /^\S+ (\S+) (\S+)(?: \((\S+)\))? (<-|->) (\S+)(?: \((\S+)\))?\s+(\S+:\S+)\s*$/.exec(
    line,
  );
  if (match === null) return null;
  const [, protocol = '', left = '', translated, arrow, right = '', , state = ''] = match;
  return {
    protocol,
    direction: arrow === '<-' ? 'in' : 'out',
    left: parseEndpoint(left),
    translated: translated === undefined ? null : parseEndpoint(translated),
    right: parseEndpoint(right),
    state,
    id: null,
  };
}

/** IPv4 is `address:port`, IPv6 is `address[port]`. */
function parseEndpoint(text: string): Endpoint {
  const inet6 = /^(.*)\[(\d+)\]$/.exec(text);
  if (inet6 !== null) return { address: inet6[1] ?? '', port: Number(inet6[2]) };
  const inet4 = /^([0-9.]+):(\d+)$/.exec(text);
  if (inet4 !== null) return { address: inet4[1] ?? '', port: Number(inet4[2]) };
  return { address: text, port: null };
}
