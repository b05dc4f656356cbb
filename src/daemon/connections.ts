import type { PfDriver, PfResult } from '../pf/driver.ts';
import { isOpenRedirection, type PfState } from '../pf/state-listing.ts';
import type { Clock } from '../sys/clock.ts';

/** Whose connections: a member's addresses, without the probes that this node itself makes. */
export interface MemberConnections {
  readonly addresses: ReadonlySet<string>;
  readonly ownAddresses: ReadonlySet<string>;
}

/** How many connections of clients are still open to the member. */
export async function countOpen(
  driver: PfDriver,
  { addresses, ownAddresses }: MemberConnections,
): Promise<PfResult<number>> {
  let open = 0;
  const listed = await driver.eachState(
    (state) => {
      const isMember = isOpenRedirection(state) && addresses.has(state.left.address);
      if (isMember && !ownAddresses.has(state.right.address)) open += 1;
    },
    { ids: false },
  );
  return listed.ok ? { ok: true, value: open } : listed;
}

/** How many clients pf still keeps at the member, so that also their new connections go there. */
export async function countSticky(
  driver: PfDriver,
  { addresses }: Pick<MemberConnections, 'addresses'>,
): Promise<PfResult<number>> {
  const clients = new Set<string>();
  const listed = await driver.eachSource(({ client, backend }) => {
    if (backend !== null && addresses.has(backend)) clients.add(client);
  });
  return listed.ok ? { ok: true, value: clients.size } : listed;
}

/** So many calls of pfctl, and then a pause, so that they do not take the machine. */
export interface Pace {
  readonly clock: Clock;
  readonly burst: number;
  readonly pauseMs: number;
}

export const PACE = { burst: 50, pauseMs: 250 } as const;

/** In one go: some seconds, after which the states are listed anew. */
const MAX_ENDED = 1000;

export interface EndedConnections {
  readonly ended: number;
  /** More than these were listed. */
  readonly left: number;
}

/**
 * Ends the member's connections: by state id, since `pfctl -k CLIENT -k BACKEND` does not match the
 * inbound leg of a redirection, and stock FreeBSD 15.1 kills nothing with it. A connection is two
 * states, and ending both is what stops it whatever the rules are. No more than a share is ended in
 * one call.
 */
export async function endConnections(
  driver: PfDriver,
  member: MemberConnections,
  pace: Pace,
): Promise<PfResult<EndedConnections>> {
  const ids: string[] = [];
  let left = 0;
  const listed = await driver.eachState(
    (state) => {
      if (state.id === null || !isLegOf(state, member)) return;
      if (ids.length < MAX_ENDED) ids.push(state.id);
      else left += 1;
    },
    { ids: true },
  );
  if (!listed.ok) return listed;
  for (const [i, id] of ids.entries()) {
    if (i > 0 && i % pace.burst === 0) await pause(pace);
    const ended = await driver.endState(id);
    if (!ended.ok) return ended;
  }
  return { ok: true, value: { ended: ids.length, left } };
}

export function pause({ clock, pauseMs }: Pace): Promise<void> {
  return new Promise((resolve) => void clock.after(pauseMs, resolve));
}

function isLegOf(state: PfState, { addresses, ownAddresses }: MemberConnections): boolean {
  if (state.direction === 'in') {
    return isOpenRedirection(state) && addresses.has(state.left.address);
  }
  // A leg that leaves under this node's own address is a client's only when it was translated.
  const isProbe = state.translated === null && ownAddresses.has(state.left.address);
  return addresses.has(state.right.address) && !isProbe;
}
