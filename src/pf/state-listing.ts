/** One line of `pfctl -ss`, as far as hfm reads it. Ports are null where the protocol has none. */
export interface PfState {
  readonly protocol: string;
  /** `in`: the leg of an rdr that a client's packets enter by; its left side is the backend. */
  readonly direction: 'in' | 'out';
  readonly left: Endpoint;
  /** The address before translation: of an inbound leg, the one that the client asked for. */
  readonly translated: Endpoint | null;
  readonly right: Endpoint;
  /** Such as `ESTABLISHED:ESTABLISHED`, or `SINGLE:MULTIPLE` for UDP. */
  readonly state: string;
  /** `ID/CREATOR` as `pfctl -k id` takes it; null where the listing did not tell (no `-vv`). */
  readonly id: string | null;
}

interface Endpoint {
  readonly address: string;
  readonly port: number | null;
}

/** Takes a listing line by line, and hands out each state when all its lines have come. */
export interface StateReader {
  /** Whether the line is one of a state. */
  line(line: string): boolean;
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
      // `   id: 425d006b00000000 creatorid: 8641e0ae`, among the further lines of -vv.
      const id = /^\s+id: ([0-9a-f]+) creatorid: ([0-9a-f]+)/.exec(line);
      if (current !== null && id !== null) current = { ...current, id: `${id[1]}/${id[2]}` };
      return false;
    },
    end: flush,
  };
}

/** `killed 1 states`, on stderr; 0 when it says otherwise. */
export function parseKilledStates(stderr: string): number {
  return Number(/killed (\d+) states/.exec(stderr)?.[1] ?? 0);
}

/**
 * Whether a state is a client's connection to a backend, through a redirection, that is still open.
 * Closed ones keep their state until its timeout (90 s in TIME_WAIT) and hold nobody up.
 */
export function isOpenRedirection(state: PfState): boolean {
  return state.direction === 'in' && state.translated !== null && isOpen(state);
}

/** Whether one side at least has not closed the connection. */
export function isOpen({ state }: PfState): boolean {
  return !state.split(':').every((side) => CLOSED.has(side));
}

const CLOSED: ReadonlySet<string> = new Set(['TIME_WAIT', 'FIN_WAIT_2', 'CLOSED']);

/**
 * Reads a state's first line, such as
 * `all tcp 10.9.9.1:9000 (10.0.2.15:8080) <- 10.0.2.2:57604       ESTABLISHED:ESTABLISHED`
 * (the first word is the interface where states are bound to it); null for any other line.
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
