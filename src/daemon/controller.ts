import type { Config } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import {
  type AdminState,
  expiredKeys,
  type Override,
  type Overrides,
  type Scope,
  withOverride,
} from '../core/admin.ts';
import type { HfmEvent } from '../core/event.ts';
import { count, FRESH_STREAK, type Health, type Streak } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import { type FloorBreach, floorBreach, type PoolOutcome } from '../core/policy.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import {
  candidatesOf,
  decide,
  firstRoundMs,
  healthOf,
  heldOf,
  isProbed,
  knownOverrides,
  type Live,
  type LiveBackend,
  type LiveCheck,
  type LivePool,
  type ProbeRecord,
  succeed,
} from './live.ts';

/** What a pool's table must hold, as far as backends decide it. */
export interface PoolGoal {
  readonly desired: readonly Address[];
  readonly untouched: ReadonlySet<Address>;
}

export interface ControllerDeps {
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /** Whenever what a pool's table must hold may have changed. */
  readonly onGoal: (pool: PoolName, goal: PoolGoal) => void;
  /** Whenever something that outlives a restart has changed. */
  readonly onDurable: () => void;
  /** A backend became up or down, other than what actions were last told. */
  readonly onAnnounce: (announcement: Announcement) => void;
  /** Other backends are to be probed than before, by the operator's word. */
  readonly onProbing: () => void;
}

export interface Announcement {
  readonly backend: BackendName;
  readonly from: Health;
  readonly to: 'up' | 'down';
  readonly reason: string | null;
  readonly detail: string;
}

/** What outlives a restart of a backend's own. */
export interface Durable {
  readonly overrides: Overrides;
  readonly announced: ReadonlyMap<string, 'up' | 'down'>;
}

/** Which pool an override would take below its floor, and how far. */
export interface Breach extends FloorBreach {
  readonly pool: PoolName;
}

/** How many verdicts `explain` can look back on. */
const HISTORY = 10;
/**
 * What turns within this time is one moment: the backends of a dead host fail within milliseconds
 * of each other, and a table is to be changed once.
 */
const MOMENT_MS = 2;

/** The one writer of state. No I/O: verdicts and words come in, goals and events go out. */
export class Controller {
  readonly #deps: ControllerDeps;
  readonly #live: Live;
  readonly #dirty = new Set<PoolName>();
  #moment: Timer | null = null;

  constructor(deps: ControllerDeps, config: Config, durable: Durable) {
    this.#deps = deps;
    this.#live = succeed(null, config, this.#now());
    this.#live.overrides = knownOverrides(durable.overrides, config);
    for (const backend of this.#live.backends.values()) {
      backend.announced = durable.announced.get(backend.config.name) ?? null;
    }
  }

  /** For reading only. */
  get live(): Readonly<Live> {
    return this.#live;
  }

  /** Announces what the configuration alone decides (`mode`). Call once, when the rest is wired. */
  start(): void {
    for (const backend of this.#live.backends.values()) {
      if (backend.health !== 'unknown') this.#announce(backend, 'unknown', MODE_CAUSE);
    }
  }

  /** Counts a verdict; null when its check is not there any more. */
  record(backendName: BackendName, checkName: string, record: ProbeRecord): Streak | null {
    const backend = this.#live.backends.get(backendName);
    const check = backend?.checks.find(({ config }) => config.name === checkName);
    if (backend === undefined || check === undefined) return null;
    check.history = [...check.history.slice(1 - HISTORY), record];
    const { rise, fall } = check.config;
    const held = heldOf(this.#live, backend);
    check.streak = count(check.streak, record.verdict, { rise, fall, held });
    this.#update(backend, causeOf(check, record));
    if (backend.health === 'up' && record.verdict.kind === 'pass') {
      backend.lastGoodMs = this.#deps.clock.monotonicMs();
    }
    return check.streak;
  }

  /** A table was read. The first reading adopts what it holds. */
  tableRead(poolName: PoolName, entries: readonly TableEntry[]): void {
    const pool = this.#live.pools.get(poolName);
    if (pool === undefined) return;
    const actual = new Set(entries);
    pool.actual = actual;
    if (pool.desired !== null) return;
    const own = candidatesOf(this.#live, poolName).flatMap(({ addresses }) => addresses);
    pool.desired = new Set(own.filter((address) => actual.has(address)));
    this.#openRound(pool);
    this.#decide(pool);
  }

  /** Sets the operator's word for each scope; null is `ready`. Takes effect at once. */
  override(scopes: readonly Scope[], override: Override | null, by: string | null): void {
    const probed = this.#probed();
    const before = this.#live.overrides;
    for (const scope of scopes) {
      this.#live.overrides = withOverride(this.#live.overrides, scope, override);
    }
    const after = this.#live.overrides;
    for (const key of new Set([...before.keys(), ...after.keys()])) {
      if (before.get(key) === after.get(key)) continue;
      const from = before.get(key)?.state ?? 'ready';
      this.#emitAdmin(key, from, after.get(key) ?? null, by, override?.reason ?? null);
    }
    this.#afterOverride(probed);
  }

  /** Where an override would take more out of a pool than its floor leaves. */
  breachesOf(scopes: readonly Scope[], override: Override | null): Breach[] {
    let overrides = this.#live.overrides;
    for (const scope of scopes) overrides = withOverride(overrides, scope, override);
    const after: Live = { ...this.#live, overrides };
    const nowMs = this.#deps.clock.monotonicMs();
    const breaches: Breach[] = [];
    for (const pool of this.#live.pools.values()) {
      const { name } = pool.config;
      const breach = floorBreach(
        pool.config,
        candidatesOf(after, name),
        decide(this.#live, pool, nowMs),
        decide(after, pool, nowMs),
      );
      if (breach !== null) breaches.push({ pool: name, ...breach });
    }
    return breaches;
  }

  /** Returns to ready what has had its time. Call about once a second. */
  expire(): void {
    const expired = expiredKeys(this.#live.overrides, this.#deps.clock.wallMs());
    if (expired.length === 0) return;
    const probed = this.#probed();
    const overrides = new Map(this.#live.overrides);
    for (const key of expired) {
      const from = overrides.get(key)?.state ?? 'ready';
      overrides.delete(key);
      this.#emitAdmin(key, from, null, null, 'its time is over');
    }
    this.#live.overrides = overrides;
    this.#afterOverride(probed);
  }

  /** Takes over a configuration, keeping what is known. */
  reload(config: Config): void {
    const before = this.#live.backends;
    const next = succeed(this.#live, config, this.#now());
    Object.assign(this.#live, next);
    for (const backend of next.backends.values()) {
      const from = before.get(backend.config.name)?.health ?? 'unknown';
      if (backend.health !== from) this.#announceChange(backend, from, MODE_CAUSE, 0);
    }
    for (const name of next.pools.keys()) this.#dirty.add(name);
    this.flush();
    this.#deps.onDurable();
  }

  /** Decides now what the pools that changed must hold, instead of at the end of the moment. */
  flush(): void {
    this.#moment?.cancel();
    this.#moment = null;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const name of dirty) {
      const pool = this.#live.pools.get(name);
      if (pool !== undefined && pool.desired !== null) this.#decide(pool);
    }
  }

  /** The pools of whose tables the backend has addresses. */
  poolsOf(name: BackendName): PoolName[] {
    const backend = this.#live.backends.get(name);
    return backend?.config.memberships.map(({ pool }) => pool) ?? [];
  }

  #update(backend: LiveBackend, cause: Cause): void {
    const health = healthOf(backend);
    const from = backend.health;
    if (health === from) return;
    const lastedMs = this.#deps.clock.monotonicMs() - backend.sinceMonotonicMs;
    const { wallMs, monotonicMs } = this.#now();
    backend.health = health;
    backend.sinceMs = wallMs;
    backend.sinceMonotonicMs = monotonicMs;
    this.#announceChange(backend, from, cause, lastedMs);
    this.#touch(backend);
  }

  #announceChange(backend: LiveBackend, from: Health, cause: Cause, lastedMs: number): void {
    const { name } = backend.config;
    const { check, reason, detail, count: counted } = cause;
    this.#deps.emit({
      kind: 'health',
      backend: name,
      from,
      to: backend.health,
      check,
      reason,
      detail,
      count: counted,
      lastedMs,
    });
    this.#announce(backend, from, cause);
  }

  /** Actions hear of a health once, also over a restart. */
  #announce(backend: LiveBackend, from: Health, { reason, detail }: Cause): void {
    const to = backend.health;
    if (to === 'unknown' || to === backend.announced) return;
    const known = from === 'unknown' ? (backend.announced ?? from) : from;
    backend.announced = to;
    this.#deps.onAnnounce({ backend: backend.config.name, from: known, to, reason, detail });
    this.#deps.onDurable();
  }

  #touch(backend: LiveBackend): void {
    for (const { pool } of backend.config.memberships) this.#dirty.add(pool);
    this.#moment ??= this.#deps.clock.after(MOMENT_MS, () => this.flush());
  }

  #decide(pool: LivePool): void {
    const outcome = decide(this.#live, pool, this.#deps.clock.monotonicMs());
    this.#reportPolicy(pool, outcome);
    pool.outcome = outcome;
    pool.desired = new Set(outcome.desired);
    this.#deps.onGoal(pool.config.name, outcome);
  }

  #openRound(pool: LivePool): void {
    const { name } = pool.config;
    const roundMs = firstRoundMs(this.#live.config, name);
    pool.roundEndsMs = this.#deps.clock.monotonicMs() + roundMs;
    this.#deps.clock.after(roundMs, () => {
      this.#dirty.add(name);
      this.flush();
    });
  }

  #reportPolicy(pool: LivePool, after: PoolOutcome): void {
    const { name } = pool.config;
    const before = pool.outcome;
    const held = new Set([...(before?.heldByFloor.keys() ?? []), ...after.heldByFloor.keys()]);
    for (const backend of held) {
      const addresses = after.heldByFloor.get(backend) ?? [];
      const had = before?.heldByFloor.get(backend) ?? [];
      if (addresses.join() === had.join()) continue;
      this.#deps.emit({ kind: 'held', pool: name, backend, addresses });
    }
    if (after.fallbackInUse !== (before?.fallbackInUse ?? false)) {
      this.#deps.emit({ kind: 'fallback', pool: name, inUse: after.fallbackInUse });
    }
  }

  #probed(): Set<BackendName> {
    const backends = [...this.#live.backends.values()];
    const probed = backends.filter((backend) => isProbed(this.#live, backend));
    return new Set(probed.map(({ config }) => config.name));
  }

  /** Who goes into maintenance loses what was known: it must rise again. */
  #afterOverride(probedBefore: ReadonlySet<BackendName>): void {
    const probed = this.#probed();
    for (const backend of this.#live.backends.values()) {
      const { name } = backend.config;
      if (probedBefore.has(name) && !probed.has(name)) {
        for (const check of backend.checks) check.streak = FRESH_STREAK;
        this.#update(backend, MAINT_CAUSE);
      }
    }
    for (const pool of this.#live.pools.keys()) this.#dirty.add(pool);
    this.flush();
    this.#deps.onDurable();
    const same =
      probed.size === probedBefore.size && [...probed].every((one) => probedBefore.has(one));
    if (!same) this.#deps.onProbing();
  }

  #emitAdmin(
    name: string,
    from: AdminState,
    override: Override | null,
    by: string | null,
    reason: string | null,
  ): void {
    const to = override?.state ?? 'ready';
    const untilMs = override?.untilMs ?? null;
    this.#deps.emit({ kind: 'admin', name, from, to, by, reason, untilMs });
  }

  #now(): { wallMs: number; monotonicMs: number } {
    return { wallMs: this.#deps.clock.wallMs(), monotonicMs: this.#deps.clock.monotonicMs() };
  }
}

/** What made a backend's health change. */
interface Cause {
  readonly check: string | null;
  readonly reason: string | null;
  readonly detail: string;
  readonly count: string | null;
}

const MODE_CAUSE: Cause = { check: null, reason: null, detail: 'by configuration', count: null };
const MAINT_CAUSE: Cause = { check: null, reason: null, detail: 'in maintenance', count: null };

function causeOf({ config, streak }: LiveCheck, { verdict }: ProbeRecord): Cause {
  const passed = verdict.kind === 'pass';
  return {
    check: config.name,
    reason: passed ? null : verdict.reason,
    detail: verdict.detail,
    count: passed ? `${streak.passes} of ${config.rise}` : `${streak.failures} of ${config.fall}`,
  };
}
