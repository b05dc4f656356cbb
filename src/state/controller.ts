import type { Config } from '../config/config.ts';
import type { Address } from '../core/address.ts';
import { count, FRESH_STREAK, type Health, type Streak } from '../core/health.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import { type Override, type Overrides, type Scope, withOverrides } from '../core/override.ts';
import { type FloorBreach, floorBreach, type PoolOutcome } from '../core/policy.ts';
import type { ProbeRecord } from '../core/probe-history.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { Verdict } from '../core/verdict.ts';
import type { HfmEvent } from '../events/event.ts';
import type { Clock } from '../sys/clock.ts';
import {
  asksDrain,
  candidatesOf,
  decide,
  healthOf,
  heldOf,
  isProbed,
  type Live,
  type LiveBackend,
  type LiveCheck,
  supposedFull,
} from './live.ts';
import { PoolDecisions } from './pool-decisions.ts';
import { succeed } from './succession.ts';
import { Words } from './words.ts';

export interface ControllerDeps {
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /** Whenever what a pool's table must hold may have changed. */
  readonly onGoal: (pool: PoolName, goal: PoolOutcome) => void;
  /** Whenever something that outlives a restart has changed. */
  readonly onDurable: () => void;
  /** Whenever the operator's word has changed, before it has any effect. */
  readonly onWord: () => void;
  /** Addresses are found to be out already, whoever took them out. */
  readonly onFoundOut: (pool: PoolName, addresses: readonly Address[]) => void;
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

/** The one writer of state. No I/O: verdicts and words come in, goals and events go out. */
export class Controller {
  readonly #deps: ControllerDeps;
  readonly #live: Live;
  readonly #pools: PoolDecisions;
  readonly #words: Words;

  constructor(deps: ControllerDeps, config: Config, durable: Durable) {
    this.#deps = deps;
    this.#live = succeed(null, config, this.#now());
    this.#pools = new PoolDecisions(deps, this.#live);
    this.#words = new Words(deps, this.#live);
    this.#live.overrides = durable.overrides;
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
    check.history.add(record);
    const { rise, fall } = check.config;
    // What the tables hold matters to the first verdict only.
    const held = check.streak.health === 'unknown' ? heldOf(this.#live, backend) : 'neither';
    check.streak = count(check.streak, record.verdict, { rise, fall, held });
    this.#noteWish(backend, check, record.verdict);
    this.#update(backend, () => causeOf(check, record));
    if (backend.health === 'up' && record.verdict.kind === 'pass') {
      backend.lastGoodMs = this.#deps.clock.monotonicMs();
    }
    return check.streak;
  }

  /** A table was read. The first reading adopts what it holds. */
  tableRead(pool: PoolName, entries: readonly TableEntry[]): void {
    this.#pools.tableRead(pool, entries);
  }

  /** What pf was told to put into the table or take out since it was read. */
  tableAsked(pool: PoolName, entries: ReadonlySet<TableEntry>): void {
    const known = this.#live.pools.get(pool);
    if (known !== undefined) known.asked = entries;
  }

  /** Decides now what the pools that changed must hold, instead of at the end of the moment. */
  flush(): void {
    this.#pools.flush();
  }

  /** Sets the operator's word for each scope; null is `ready`. Takes effect at once. */
  override(scopes: readonly Scope[], override: Override | null, by: string | null): void {
    const probed = this.#probed();
    this.#words.set(scopes, override, by);
    this.#afterOverride(probed, this.#poolsOfScopes(scopes));
  }

  /** Where an override would take more out of a pool than its floor leaves. */
  breachesOf(scopes: readonly Scope[], override: Override | null): Breach[] {
    const overrides = withOverrides(this.#live.overrides, scopes, override);
    const after: Live = { ...this.#live, overrides };
    const nowMs = this.#deps.clock.monotonicMs();
    const breaches: Breach[] = [];
    for (const name of this.#poolsOfScopes(scopes)) {
      const known = this.#live.pools.get(name);
      if (known === undefined) continue;
      const pool = known.desired === null ? supposedFull(known) : known;
      const breach = floorBreach(
        pool.config,
        candidatesOf(after, pool),
        decide(this.#live, pool, nowMs),
        decide(after, pool, nowMs),
        pool.actual ?? new Set(),
      );
      if (breach !== null) breaches.push({ pool: name, ...breach });
    }
    return breaches;
  }

  /** Returns to ready what has had its time. Call about once a second. */
  expire(): void {
    const over = this.#words.over();
    if (over.length === 0) return;
    const probed = this.#probed();
    this.#words.end(over);
    this.#afterOverride(probed, this.#live.pools.keys());
  }

  /** Takes over a configuration, keeping what is known. */
  reload(config: Config): void {
    const before = this.#live.backends;
    const words = this.#live.overrides;
    const next = succeed(this.#live, config, this.#now());
    Object.assign(this.#live, next);
    // A word that goes along with a pool's new name must be on disk as any other.
    if (next.overrides !== words) this.#deps.onWord();
    for (const backend of next.backends.values()) {
      const from = before.get(backend.config.name)?.health ?? 'unknown';
      if (backend.health !== from) this.#announceChange(backend, from, MODE_CAUSE, 0);
    }
    this.#pools.touch(next.pools.keys());
    this.#pools.flush();
    this.#deps.onDurable();
  }

  /** The pools of whose tables the backend has addresses. */
  poolsOf(name: BackendName): PoolName[] {
    const backend = this.#live.backends.get(name);
    return backend?.config.memberships.map(({ pool }) => pool) ?? [];
  }

  /** The pools in which a word for these scopes may change what is decided. */
  #poolsOfScopes(scopes: readonly Scope[]): Set<PoolName> {
    return new Set(
      scopes.flatMap(({ backend, pool }) => (pool === null ? this.poolsOf(backend) : [pool])),
    );
  }

  /** Decides nothing more. */
  stop(): void {
    this.#pools.stop();
  }

  /** What a backend asks for takes effect at once: it says so itself, where a failure must be proven. */
  #noteWish(backend: LiveBackend, check: LiveCheck, verdict: Verdict): void {
    const before = asksDrain(backend);
    if (verdict.kind === 'pass') check.asksDrain = verdict.asksDrain === true;
    const active = asksDrain(backend);
    if (active === before) return;
    const { name } = backend.config;
    this.#deps.emit({ kind: 'asks-drain', backend: name, active, detail: verdict.detail });
    this.#pools.touch(this.poolsOf(name));
  }

  #update(backend: LiveBackend, why: () => Cause): void {
    const health = healthOf(backend);
    const from = backend.health;
    if (health === from) return;
    const lastedMs = this.#deps.clock.monotonicMs() - backend.sinceMonotonicMs;
    const { wallMs, monotonicMs } = this.#now();
    backend.health = health;
    backend.sinceMs = wallMs;
    backend.sinceMonotonicMs = monotonicMs;
    this.#announceChange(backend, from, why(), lastedMs);
    if (from === 'unknown' && health === 'down') this.#reportOut(backend);
    this.#pools.touch(this.poolsOf(backend.config.name));
  }

  /** Nothing of it leaves a table now, but it may still be where known clients are sent. */
  #reportOut({ config }: LiveBackend): void {
    for (const { pool, addresses } of config.memberships) {
      const { actual } = this.#live.pools.get(pool) ?? { actual: null };
      const out = addresses.filter((address) => actual?.has(address) === false);
      if (out.length > 0) this.#deps.onFoundOut(pool, out);
    }
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

  #probed(): Set<BackendName> {
    const backends = [...this.#live.backends.values()];
    const probed = backends.filter((backend) => isProbed(this.#live, backend));
    return new Set(probed.map(({ config }) => config.name));
  }

  /** Who goes into maintenance loses what was known: it must rise again. */
  #afterOverride(probedBefore: ReadonlySet<BackendName>, pools: Iterable<PoolName>): void {
    const probed = this.#probed();
    for (const backend of this.#live.backends.values()) {
      const { name } = backend.config;
      if (probedBefore.has(name) && !probed.has(name)) {
        for (const check of backend.checks) {
          check.streak = FRESH_STREAK;
          check.asksDrain = false;
        }
        this.#update(backend, () => MAINT_CAUSE);
      }
    }
    this.#pools.touch(pools);
    this.#pools.flush();
    const same =
      probed.size === probedBefore.size && [...probed].every((one) => probedBefore.has(one));
    if (!same) this.#deps.onProbing();
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
  const { kind, reason, detail } = verdict;
  const { name, rise, fall } = config;
  const { passes, failures } = streak;
  const passed = kind === 'pass';
  return {
    check: name,
    reason: reason ?? null,
    detail,
    count: `${passed ? passes : failures} of ${passed ? rise : fall}`,
  };
}
