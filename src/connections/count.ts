import type { PfDriver, PfResult } from '../pf/driver.ts';
import { isOpenRedirection } from '../pf/state-listing.ts';

/** The connections to count: those to a member's addresses, without this node's own probes. */
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

/** How many clients pf still keeps at the member: their new connections go there too. */
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
