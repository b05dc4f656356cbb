import type { Config } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import type { PoolName } from '../core/names.ts';
import { overrideOf } from '../core/override.ts';
import { type Candidate, decidePool, type PoolOutcome, type Wish } from '../core/policy.ts';
import { worstCaseDetectionMs } from '../core/schedule.ts';
import type { TableEntry } from '../core/table-plan.ts';
import { asksDrain, isOff } from './backend.ts';
import type { BackendView, PoolView, StateView } from './view.ts';

/**
 * What a pool's table must hold: the members' health and overrides, put through the pool's policy.
 * `previous` is what was wanted before, at first what the table held.
 */
export function decide(
  view: StateView,
  pool: PoolView,
  nowMs: number,
  previous: ReadonlySet<Address> = pool.outcome?.desired ?? NOTHING,
): PoolOutcome {
  const candidates = candidatesOf(view, pool);
  const isFirstRound =
    nowMs < pool.roundEndsMs && candidates.some(({ wish }) => wish.kind === 'keep');
  const judged = isFirstRound ? candidates.map(keptInFirstRound) : candidates;
  const outcome = decidePool(pool.config, judged, previous, pool.actual ?? NOTHING);
  const inOrder = [...pool.configured].filter((address) => outcome.desired.has(address));
  return { ...outcome, desired: new Set(inOrder) };
}

const NOTHING: ReadonlySet<never> = new Set<never>();

/**
 * In the first round of evidence after a start no member leaves because it is down or asks to. The
 * other members are still unknown: the verdict of the first may be about this node, and a removal may
 * leave the pool to members that are down.
 */
function keptInFirstRound(candidate: Candidate): Candidate {
  const { wish } = candidate;
  const isByEvidence = wish.kind === 'out' && (wish.by === 'health' || wish.by === 'backend');
  return isByEvidence ? { ...candidate, wish: KEEP } : candidate;
}

const KEEP: Wish = { kind: 'keep' };

export function candidatesOf(view: StateView, { config, members }: PoolView): Candidate[] {
  return members.map(({ backend, addresses }) => ({
    backend: backend.config.name,
    addresses,
    wish: wishOf(view, backend, config.name),
    lastGoodMs: backend.lastGoodMs,
  }));
}

/**
 * What a pool adopts from a table at its first reading: its addresses that are there, and those of
 * backends that served elsewhere until now and have no evidence yet.
 */
export function adopt(
  view: StateView,
  pool: Pick<PoolView, 'config' | 'members'>,
  actual: ReadonlySet<TableEntry>,
): Set<Address> {
  const adopted = new Set<Address>();
  for (const { backend, addresses } of pool.members) {
    const served = wishOf(view, backend, pool.config.name).kind === 'keep' && backend.served;
    for (const address of addresses) if (served || actual.has(address)) adopted.add(address);
  }
  return adopted;
}

/** How long the first round of evidence may take: until each member's slowest check has decided. */
export function firstRoundMs(config: Config, pool: PoolName): number {
  const checks = config.backends
    .filter(({ memberships }) => memberships.some((one) => one.pool === pool))
    .flatMap((backend) => backend.checks)
    .filter(({ mode }) => mode === 'check');
  const rounds = checks.map(
    ({ rhythm, rise, fall, startDelayMs }) =>
      startDelayMs + worstCaseDetectionMs(rhythm, Math.max(rise, fall)),
  );
  return Math.min(MAX_FIRST_ROUND_MS, Math.max(0, ...rounds));
}

/** A member that takes longer must not keep a dead one in service. */
const MAX_FIRST_ROUND_MS = 15_000;

/** What health and the override want of a member, before the pool's policy. */
function wishOf(view: StateView, backend: BackendView, pool: PoolName): Wish {
  const override = overrideOf(view.overrides, { backend: backend.config.name, pool });
  switch (override?.state) {
    case 'drain':
      return { kind: 'out', by: 'drain' };
    case 'maint':
      return { kind: 'out', by: 'maint' };
    case 'force-up':
      return { kind: 'in' };
    case undefined:
      return isOff(backend)
        ? { kind: 'leave', held: heldIn(view, backend, pool) }
        : wishOfHealth(backend);
  }
}

function wishOfHealth(backend: BackendView): Wish {
  switch (backend.health) {
    case 'up':
      return asksDrain(backend) ? { kind: 'out', by: 'backend' } : { kind: 'in' };
    case 'unknown':
      return KEEP;
    case 'down':
      return { kind: 'out', by: 'health' };
  }
}

/** What the pool's table holds of a member. */
function heldIn(view: StateView, { config }: BackendView, pool: PoolName): Address[] {
  const actual = view.pools.get(pool)?.actual;
  const membership = config.memberships.find((one) => one.pool === pool);
  return (membership?.addresses ?? []).filter((address) => actual?.has(address) === true);
}
