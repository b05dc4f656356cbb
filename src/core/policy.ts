import { type Address, FAMILIES, type Family, familyOf } from './address.ts';
import type { BackendName } from './names.ts';

/** How many addresses of each family a pool keeps in service, whatever health says. */
export type Floor =
  | { readonly kind: 'count'; readonly count: number }
  | { readonly kind: 'percent'; readonly percent: number };

/**
 * What health and the operator want of one member, before the pool's policy applies.
 * - `in`: up, or force-up.
 * - `keep`: no evidence yet; its addresses stay as they are.
 * - `leave`: `mode = "off"`; hfm neither adds nor deletes it. `held` is what the table has of it.
 * - `out`: down, held out by the operator, or well and asking to be drained (`backend`).
 */
export type Wish =
  | { readonly kind: 'in' }
  | { readonly kind: 'keep' }
  | { readonly kind: 'leave'; readonly held: readonly Address[] }
  | { readonly kind: 'out'; readonly by: 'health' | 'backend' | 'drain' | 'maint' };

export interface Candidate {
  readonly backend: BackendName;
  readonly addresses: readonly Address[];
  readonly wish: Wish;
  /** When it was last known good, in milliseconds on any one clock; the floor keeps the latest. */
  readonly lastGoodMs: number;
}

export interface PoolPolicy {
  readonly floor: Floor;
  readonly fallback: readonly Address[];
}

/**
 * Why an address must leave its table:
 * - `operator`: drain or maint; the operator was asked about the floor before.
 * - `fallback`: the fallback that is not needed any more.
 * - `member`: a failed member, one that asks to be drained, or one without evidence that was not in
 *   service. The floor may keep it.
 */
export type LeaveReason = 'operator' | 'fallback' | 'member';

/** What a pool's table must hold, as far as its members decide it. */
export interface PoolGoal {
  /** What the table must hold of the pool's addresses. */
  readonly desired: ReadonlySet<Address>;
  /** Addresses that hfm neither adds nor deletes: of members with `mode = "off"`. */
  readonly untouched: ReadonlySet<Address>;
  /** The pool's other addresses, the first to leave first; of the members the last known good last. */
  readonly removable: ReadonlyMap<Address, LeaveReason>;
  /**
   * How many of `desired` must serve, of each family, before the others may leave: as many as the
   * floor asks for, less what serves of members with `mode = "off"`.
   */
  readonly floor: ReadonlyMap<Family, number>;
  /** Families in which fewer serve than the floor asks for, or none while some lack evidence. */
  readonly short: ReadonlySet<Family>;
}

export interface PoolOutcome extends PoolGoal {
  /** What serves when the table holds it: also what it holds of members with `mode = "off"`. */
  readonly serving: readonly Address[];
  /** Members that would leave and stay in service, each with the addresses that the floor holds. */
  readonly heldByFloor: ReadonlyMap<BackendName, readonly Address[]>;
  readonly fallbackInUse: boolean;
}

/**
 * What a pool's table must hold.
 *
 * `previous` is what this function wanted the last time, at first what the table held. It is what
 * `keep` keeps; and the floor only ever keeps an address in, it never brings one back. `held` is
 * what the table was last read to hold, which also counts for the floor.
 */
export function decidePool(
  policy: PoolPolicy,
  candidates: readonly Candidate[],
  previous: ReadonlySet<Address>,
  held: ReadonlySet<string> = previous,
): PoolOutcome {
  const desired = new Set<Address>();
  const untouched = new Set<Address>();
  const heldUntouched = candidates.flatMap(({ wish }) => (wish.kind === 'leave' ? wish.held : []));
  for (const { addresses, wish } of candidates) {
    for (const address of addresses) {
      if (wish.kind === 'in' || (wish.kind === 'keep' && previous.has(address))) {
        desired.add(address);
      }
      if (wish.kind === 'leave') untouched.add(address);
    }
  }
  const serving = (): Address[] => [...desired, ...heldUntouched];
  const served = serving();
  const proven = [...provenOf(candidates), ...heldUntouched];
  // A member that serves without evidence yet does not take the place of the fallback.
  const fallback = policy.fallback.filter((address) =>
    isUnserved(familyOf(address), candidates, held.has(address) ? proven : served),
  );
  for (const address of fallback) desired.add(address);

  const heldByFloor = new Map<BackendName, Address[]>();
  const short = new Set<Family>();
  const atLeast = new Map<Family, number>();
  const isThere = ({ address }: { address: Address }): boolean =>
    previous.has(address) || held.has(address);
  for (const family of FAMILIES) {
    const floor = floorOf(policy.floor, candidates, family);
    const missing = floor - countFamily(serving(), family);
    const out = keepable(candidates).filter(
      ({ address }) => familyOf(address) === family && !desired.has(address),
    );
    for (const { backend, address } of out.filter(isThere).slice(0, Math.max(0, missing))) {
      desired.add(address);
      heldByFloor.set(backend, [...(heldByFloor.get(backend) ?? []), address]);
    }
    if (isShort(floor, candidates, serving(), family)) short.add(family);
    const asked = floor - countFamily(heldUntouched, family);
    atLeast.set(family, Math.max(0, Math.min(asked, countFamily(desired, family))));
  }
  return {
    desired,
    serving: serving(),
    untouched,
    heldByFloor,
    fallbackInUse: fallback.length > 0,
    short,
    removable: removableOf(policy, candidates, desired),
    floor: atLeast,
  };
}

function removableOf(
  { fallback }: PoolPolicy,
  candidates: readonly Candidate[],
  desired: ReadonlySet<Address>,
): Map<Address, LeaveReason> {
  const byOperator = candidates.filter(({ wish }) => isByOperator(wish));
  const members = keepable(candidates).map(({ address }) => address);
  const inOrder: readonly (readonly [LeaveReason, readonly Address[]])[] = [
    ['operator', byOperator.flatMap(({ addresses }) => addresses)],
    ['fallback', fallback],
    ['member', members.toReversed()],
  ];
  return new Map(
    inOrder.flatMap(([reason, addresses]) =>
      addresses.filter((one) => !desired.has(one)).map((one) => [one, reason] as const),
    ),
  );
}

function isByOperator(wish: Wish): boolean {
  return wish.kind === 'out' && (wish.by === 'drain' || wish.by === 'maint');
}

function provenOf(candidates: readonly Candidate[]): Address[] {
  return candidates.flatMap(({ addresses, wish }) => (wish.kind === 'in' ? addresses : []));
}

/** Whether nothing serves a family. A family in which the pool has no member goes with the whole pool. */
function isUnserved(
  family: Family,
  candidates: readonly Candidate[],
  serving: readonly Address[],
): boolean {
  const isOf = (address: Address): boolean => familyOf(address) === family;
  const hasMembers = candidates.some(({ addresses }) => addresses.some(isOf));
  return hasMembers ? !serving.some(isOf) : serving.length === 0;
}

function isShort(
  floor: number,
  candidates: readonly Candidate[],
  serving: readonly Address[],
  family: Family,
): boolean {
  const hasMembers = candidates.some(({ addresses }) =>
    addresses.some((address) => familyOf(address) === family),
  );
  const count = countFamily(serving, family);
  const isOpen = candidates.some(({ wish }) => wish.kind === 'keep');
  return count < floor || (count === 0 && hasMembers && isOpen);
}

export interface FloorBreach {
  readonly family: Family;
  readonly left: number;
  readonly floor: number;
}

/**
 * The family that an override would take below its floor, going from one outcome to another; null for
 * none. Counts what is decided, and what the table holds now (`held`): pf may refuse what comes in.
 * Counts both without failed members too: the table may still hold one, and the floor may keep it.
 */
export function floorBreach(
  policy: PoolPolicy,
  candidates: readonly Candidate[],
  before: PoolOutcome,
  after: PoolOutcome,
  held: ReadonlySet<string>,
): FloorBreach | null {
  // A fallback comes in before the last member leaves; if pf refuses it, the member stays.
  const isSure = (address: Address): boolean =>
    held.has(address) || policy.fallback.includes(address);
  const failed = new Set(
    candidates.flatMap(({ addresses, wish }) => (isDown(wish) ? addresses : [])),
  );
  const isAlive = (address: Address): boolean => !failed.has(address);
  const counted: readonly ((address: Address) => boolean)[] = [
    () => true,
    isSure,
    isAlive,
    (address) => isSure(address) && isAlive(address),
  ];
  for (const family of FAMILIES) {
    const floor = floorOf(policy.floor, candidates, family);
    for (const counts of counted) {
      const left = countFamily(after.serving.filter(counts), family);
      const had = countFamily(before.serving.filter(counts), family);
      if (left < floor && left < had) return { family, left, floor };
    }
  }
  return null;
}

function isDown(wish: Wish): boolean {
  return wish.kind === 'out' && wish.by === 'health';
}

/** The floor of one family: a percentage is of the addresses configured, rounded up. */
function floorOf(floor: Floor, candidates: readonly Candidate[], family: Family): number {
  let configured = 0;
  for (const { addresses } of candidates) configured += countFamily(addresses, family);
  switch (floor.kind) {
    case 'count':
      return Math.min(floor.count, configured);
    case 'percent':
      return Math.ceil((configured * floor.percent) / 100);
  }
}

/**
 * Addresses that the floor may keep, last known good first. Includes members without evidence: pf may
 * have refused their removal.
 */
function keepable(
  candidates: readonly Candidate[],
): { readonly backend: BackendName; readonly address: Address }[] {
  return candidates
    .filter(({ wish }) => isKeepable(wish))
    .toSorted((a, b) => b.lastGoodMs - a.lastGoodMs || (a.backend < b.backend ? -1 : 1))
    .flatMap(({ backend, addresses }) => addresses.map((address) => ({ backend, address })));
}

function isKeepable(wish: Wish): boolean {
  if (wish.kind === 'keep') return true;
  return wish.kind === 'out' && (wish.by === 'health' || wish.by === 'backend');
}

function countFamily(addresses: Iterable<Address>, family: Family): number {
  let n = 0;
  for (const address of addresses) if (familyOf(address) === family) n += 1;
  return n;
}
