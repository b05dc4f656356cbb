import type { BackendConfig, CheckConfig, Config, PoolConfig } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import { combine, type Health, type Held, type Streak } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import { type Override, type Overrides, overrideOf } from '../core/override.ts';
import { type Candidate, decidePool, type PoolOutcome, type Wish } from '../core/policy.ts';
import type { ProbeHistory } from '../core/probe-history.ts';
import { worstCaseDetectionMs } from '../core/schedule.ts';
import type { TableEntry } from '../core/table-plan.ts';

/** Everything that hfmd knows of its backends and pools. Only the controller writes it. */
export interface Live {
  config: Config;
  backends: Map<BackendName, LiveBackend>;
  pools: Map<PoolName, LivePool>;
  overrides: Overrides;
}

export interface LiveBackend {
  config: BackendConfig;
  checks: LiveCheck[];
  health: Health;
  /** Wall and monotonic time of the last change of health. */
  sinceMs: number;
  sinceMonotonicMs: number;
  /** Monotonic time at which it was last known good; -Infinity for never. */
  lastGoodMs: number;
  /** The last health that actions were told of, also before a restart. */
  announced: Exclude<Health, 'unknown'> | null;
  /** Whether it served somewhere when the configuration in force took over. */
  readonly served: boolean;
}

export interface LiveCheck {
  config: CheckConfig;
  streak: Streak;
  /** Whether its last answer that counted asked for the backend to be drained. */
  asksDrain: boolean;
  history: ProbeHistory;
}

export interface LivePool {
  config: PoolConfig;
  readonly members: readonly Member[];
  /** Every address that it may put into its table, in pf's order. */
  readonly configured: ReadonlySet<Address>;
  /** What the table held when it was last read; null until it was read once. */
  actual: ReadonlySet<TableEntry> | null;
  /** What pf was told to put in or take out since then: the table may hold it or not. */
  asked: ReadonlySet<TableEntry>;
  /** What was last decided, in pf's order; at first what the table held. Null as long as `actual` is. */
  desired: ReadonlySet<Address> | null;
  outcome: PoolOutcome | null;
  /** Monotonic time from which removals no longer wait for the first round of evidence. */
  roundEndsMs: number;
}

/** A backend in a pool, with the addresses that it has there. */
export interface Member {
  readonly backend: LiveBackend;
  readonly addresses: readonly Address[];
}

/** What the pools want of a member, its health and the operator's word taken together. */
function wishOf(live: Live, backend: LiveBackend, pool: PoolName): Wish {
  const override = overrideOf(live.overrides, { backend: backend.config.name, pool });
  switch (override?.state) {
    case 'drain':
      return { kind: 'out', by: 'drain' };
    case 'maint':
      return { kind: 'out', by: 'maint' };
    case 'force-up':
      return { kind: 'in' };
    case undefined:
      return isOff(backend)
        ? { kind: 'leave', held: heldIn(live, backend, pool) }
        : wishOfHealth(backend);
  }
}

/** Puts what the members are through the pool's policy; needs a pool whose table was read. */
export function decide(live: Live, pool: LivePool, nowMs: number): PoolOutcome {
  const candidates = candidatesOf(live, pool);
  const isOpen = nowMs < pool.roundEndsMs && candidates.some(({ wish }) => wish.kind === 'keep');
  const held = isOpen ? candidates.map(keptForNow) : candidates;
  const previous = pool.desired ?? new Set();
  const outcome = decidePool(pool.config, held, previous, pool.actual ?? new Set());
  const inOrder = [...pool.configured].filter((address) => outcome.desired.has(address));
  return { ...outcome, desired: new Set(inOrder) };
}

/**
 * In the first round of evidence after a start nobody leaves because it is down or asks to: with the
 * others still unknown, the first to be probed would go on a word that may be about this node, or
 * leave the pool to those who turn out to be down.
 */
function keptForNow(candidate: Candidate): Candidate {
  const { wish } = candidate;
  const isOfProbes = wish.kind === 'out' && (wish.by === 'health' || wish.by === 'backend');
  return isOfProbes ? { ...candidate, wish: KEEP } : candidate;
}

const KEEP: Wish = { kind: 'keep' };

/**
 * What a pool takes over from a table that was not in its hands: its addresses that are there, and
 * those of backends that served elsewhere until now and are not judged yet.
 */
export function adopt(
  live: Live,
  pool: Pick<LivePool, 'config' | 'members'>,
  actual: ReadonlySet<TableEntry>,
): Set<Address> {
  const adopted = new Set<Address>();
  for (const { backend, addresses } of pool.members) {
    const served = wishOf(live, backend, pool.config.name).kind === 'keep' && backend.served;
    for (const address of addresses) if (served || actual.has(address)) adopted.add(address);
  }
  return adopted;
}

/** A pool whose table was not read yet, as if it held every member: for what must not be risked. */
export function supposedFull(pool: LivePool): LivePool {
  const all = new Set(pool.members.flatMap(({ addresses }) => addresses));
  return { ...pool, desired: all, actual: all };
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

export function candidatesOf(live: Live, { config, members }: LivePool): Candidate[] {
  return members.map(({ backend, addresses }) => ({
    backend: backend.config.name,
    addresses,
    wish: wishOf(live, backend, config.name),
    lastGoodMs: backend.lastGoodMs,
  }));
}

/** What the tables hold of all of a backend's addresses. */
export function heldOf(live: Live, backend: LiveBackend): Held {
  const inTable = backend.config.memberships.flatMap(({ pool, addresses }) => {
    const { actual = null, asked, desired = null } = live.pools.get(pool) ?? {};
    return addresses.map((address) => {
      if (actual === null || asked?.has(address)) return null;
      // What another program has taken out is put back: to take it out again is a removal.
      return actual.has(address) || (desired?.has(address) ? null : false);
    });
  });
  if (inTable.length === 0) return 'neither';
  if (inTable.every((held) => held === true)) return 'all';
  return inTable.every((held) => held === false) ? 'none' : 'neither';
}

/** From its checks, those with a fixed mode included; unknown where every one is off. */
export function healthOf(backend: LiveBackend): Health {
  const healths = backend.checks.map(checkHealth).filter((health) => health !== null);
  return combine(backend.config.require, healths);
}

/** Null for a check that is off. */
export function checkHealth({ config, streak }: LiveCheck): Health | null {
  switch (config.mode) {
    case 'check':
      return streak.health;
    case 'off':
      return null;
    case 'up':
    case 'down':
      return config.mode;
  }
}

/** Whether the backend itself, well as it is, wants no new traffic. */
export function asksDrain({ checks }: LiveBackend): boolean {
  return checks.some((check) => check.config.mode === 'check' && check.asksDrain);
}

/** Who is down is out for that, whatever it asked for before. */
function isAskingOut(backend: LiveBackend): boolean {
  return backend.health === 'up' && asksDrain(backend);
}

/** Whether a member may still follow the others: it is judged otherwise than they are, or not yet. */
export function isSomeoneLeft(live: Live, members: readonly Member[]): boolean {
  const judged = members.find(({ backend }) => backend.health !== 'unknown');
  if (judged === undefined) return false;
  const { health } = judged.backend;
  const asks = isAskingOut(judged.backend);
  return members.some(({ backend }) =>
    backend.health === 'unknown'
      ? !isOff(backend) && isProbed(live, backend)
      : backend.health !== health || isAskingOut(backend) !== asks,
  );
}

/** A backend is not probed in maintenance, nor when each of its memberships is. */
export function isProbed(live: Live, { config }: LiveBackend): boolean {
  const stateOf = (pool: PoolName | null): Override['state'] | undefined =>
    overrideOf(live.overrides, { backend: config.name, pool })?.state;
  if (config.memberships.length === 0) return stateOf(null) !== 'maint';
  return config.memberships.some(({ pool }) => stateOf(pool) !== 'maint');
}

function isOff({ checks }: LiveBackend): boolean {
  return checks.every(({ config }) => config.mode === 'off');
}

/** What the pool's table holds of a member. */
function heldIn(live: Live, { config }: LiveBackend, pool: PoolName): Address[] {
  const actual = live.pools.get(pool)?.actual;
  const membership = config.memberships.find((one) => one.pool === pool);
  return (membership?.addresses ?? []).filter((address) => actual?.has(address) === true);
}

function wishOfHealth(backend: LiveBackend): Wish {
  switch (backend.health) {
    case 'up':
      return asksDrain(backend) ? { kind: 'out', by: 'backend' } : { kind: 'in' };
    case 'unknown':
      return { kind: 'keep' };
    case 'down':
      return { kind: 'out', by: 'health' };
  }
}

/** The same for checks that are the same in every respect. */
export function checkFingerprint(check: CheckConfig): string {
  return JSON.stringify(check, (_, value: unknown) =>
    value instanceof RegExp ? value.source : value,
  );
}
