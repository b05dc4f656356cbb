import type { PoolName } from '../core/names.ts';
import type { PoolOutcome } from '../core/policy.ts';
import type { HfmEvent } from '../events/event.ts';

/** What a new decision of a pool's policy tells: members held by the floor, and the fallback. */
export function policyEvents(
  pool: PoolName,
  before: PoolOutcome | null,
  after: PoolOutcome,
): HfmEvent[] {
  const events: HfmEvent[] = [];
  const held = new Set([...(before?.heldByFloor.keys() ?? []), ...after.heldByFloor.keys()]);
  for (const backend of held) {
    const addresses = after.heldByFloor.get(backend) ?? [];
    const had = before?.heldByFloor.get(backend) ?? [];
    if (addresses.join() === had.join()) continue;
    events.push({ kind: 'held', pool, backend, addresses });
  }
  if (after.fallbackInUse !== (before?.fallbackInUse ?? false)) {
    events.push({ kind: 'fallback', pool, inUse: after.fallbackInUse });
  }
  return events;
}
