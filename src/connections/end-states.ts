import type { PfDriver, PfResult } from '../pf/driver.ts';
import { isOpen, isOpenRedirection, type PfState } from '../pf/state-listing.ts';
import type { Clock } from '../sys/clock.ts';
import type { MemberConnections } from './count.ts';

/** A pause after each burst of calls of pfctl, so that they do not use up the machine. */
export interface Pace {
  readonly clock: Clock;
  readonly burst: number;
  readonly pauseMs: number;
}

export const PACE = { burst: 50, pauseMs: 250 } as const;

export interface Ending extends Pace {
  /** Asked before each state is ended: ending takes seconds, and the address may serve again. */
  readonly mayEnd: (address: string) => boolean;
}

/** Ended in one call, which takes some seconds; then the states are listed anew. */
const MAX_ENDED = 1000;

/** Kept of one listing, so that it takes bounded memory. */
const MAX_LEGS = 50_000;

export interface EndedConnections {
  /** What pf says it ended, by the member's address. */
  readonly ended: ReadonlyMap<string, number>;
  /** States that were listed, may be ended, and have not ended. */
  readonly left: number;
}

/**
 * Ends the member's connections: by state id, since `pfctl -k CLIENT -k BACKEND` does not match the
 * inbound leg of a redirection, and stock FreeBSD 15.1 kills nothing with it. A connection is two
 * states, and ending both stops it whatever the rules are. Connections to the same address that were
 * not redirected, such as an operator's ssh, are left alone. One call ends 1000 states at most.
 */
export async function endConnections(
  driver: PfDriver,
  member: MemberConnections,
  { mayEnd, ...pace }: Ending,
): Promise<PfResult<EndedConnections>> {
  const legs: Leg[] = [];
  const listed = await driver.eachState(
    (state) => {
      const leg = legs.length < MAX_LEGS ? legOf(state, member) : null;
      if (leg !== null) legs.push(leg);
    },
    { ids: true },
  );
  if (!listed.ok) return listed;
  const redirected = new Set(legs.filter(({ isInbound }) => isInbound).map(({ key }) => key));
  const mine = legs.filter(({ key }) => redirected.has(key));
  const ended = new Map<string, number>();
  let spared = 0;
  for (const [i, { id, address }] of mine.slice(0, MAX_ENDED).entries()) {
    if (i > 0 && i % pace.burst === 0) await pause(pace);
    if (!mayEnd(address)) {
      spared += 1;
      continue;
    }
    const result = await driver.endState(id);
    if (!result.ok) return result;
    ended.set(address, (ended.get(address) ?? 0) + result.value);
  }
  const gone = [...ended.values()].reduce((all, one) => all + one, 0);
  return { ok: true, value: { ended, left: mine.length - gone - spared } };
}

export function pause({ clock, pauseMs }: Pace): Promise<void> {
  return new Promise((resolve) => void clock.after(pauseMs, resolve));
}

/** One of the two states of a connection. */
interface Leg {
  readonly id: string;
  /** The member's. */
  readonly address: string;
  readonly isInbound: boolean;
  /** The client's end and the member's, which both legs share. */
  readonly key: string;
}

function legOf(state: PfState, { addresses, ownAddresses }: MemberConnections): Leg | null {
  const isInbound = state.direction === 'in';
  const member = isInbound ? state.left : state.right;
  if (state.id === null || !addresses.has(member.address)) return null;
  // Closed states stay for a while, and those of a busy member would fill the listing.
  if (isInbound ? !isOpenRedirection(state) : !isOpen(state)) return null;
  const client = isInbound ? state.right : (state.translated ?? state.left);
  if (ownAddresses.has(client.address)) return null;
  const key = [client.address, client.port, member.address, member.port].join(' ');
  return { id: state.id, address: member.address, isInbound, key };
}
