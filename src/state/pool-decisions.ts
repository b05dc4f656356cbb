import { addressesOf } from '../config/pool-addresses.ts';
import type { Address } from '../core/address.ts';
import type { PoolName } from '../core/names.ts';
import type { PoolOutcome } from '../core/policy.ts';
import { isSameTable, tableKey } from '../core/table.ts';
import { sameSet } from '../core/table-goal.ts';
import type { TableEntry } from '../core/table-plan.ts';
import type { HfmEvent } from '../events/event.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { adopt, decide, firstRoundMs, isSomeoneLeft, type Live, type LivePool } from './live.ts';

export interface PoolDecisionsDeps {
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  readonly onGoal: (pool: PoolName, goal: PoolOutcome) => void;
  readonly onFoundOut: (pool: PoolName, addresses: readonly Address[]) => void;
}

/**
 * What turns within this time of each other is one moment: the backends of a dead host fail within
 * milliseconds, and a table is to be changed once.
 */
const MOMENT_MS = 2;
/**
 * Of many that turn the next may be a little late: where somebody is left to follow them a moment waits
 * 1 ms longer for each so many, up to `MORE_MS` longer.
 */
const TURNED_PER_MS = 4;
const MORE_MS = 16;
/** A moment that goes on and on is cut here, so that the first of many does not wait for the last. */
const LONGEST_MOMENT_MS = 100;

/** The controller's hand for pools: from what backends are to what each table must hold. */
export class PoolDecisions {
  readonly #deps: PoolDecisionsDeps;
  readonly #live: Live;
  readonly #dirty = new Set<PoolName>();
  #moment: Timer | null = null;
  #look: Timer | null = null;
  #momentBeganMs = 0;
  /** How many have turned in the moment, and when the last of them did. */
  #turned = 0;
  #lastTurnMs = 0;
  /** By table, since a reload may give a pool another name. */
  readonly #rounds = new Map<string, Timer>();

  constructor(deps: PoolDecisionsDeps, live: Live) {
    this.#deps = deps;
    this.#live = live;
  }

  /** A table was read. The first reading adopts what it holds. */
  tableRead(poolName: PoolName, entries: readonly TableEntry[]): void {
    const pool = this.#live.pools.get(poolName);
    if (pool === undefined) return;
    const actual = new Set(entries);
    // Of a table that holds what it held nothing new can be decided; all else that bears on it does
    // its own deciding.
    if (pool.outcome !== null && pool.actual !== null && sameSet(pool.actual, actual)) return;
    pool.actual = actual;
    if (pool.desired !== null) {
      this.#decide(pool);
      return;
    }
    pool.desired = adopt(this.#live, pool, actual);
    this.#openRound(pool);
    this.#decide(pool);
    // What an earlier hfmd took out may still be where known clients are sent.
    const out = addressesOf(this.#live.config, pool.config).filter((one) => !actual.has(one));
    if (out.length > 0) this.#deps.onFoundOut(poolName, out);
  }

  /** What these pools must hold may have changed; it is decided at the end of the moment. */
  touch(pools: Iterable<PoolName>): void {
    for (const pool of pools) this.#dirty.add(pool);
    this.#lastTurnMs = this.#deps.clock.monotonicMs();
    if (this.#turned === 0) this.#momentBeganMs = this.#lastTurnMs;
    this.#turned += 1;
    this.#look ??= this.#deps.clock.afterReads(() => {
      this.#look = null;
      if (this.#touched().every((pool) => this.#hasTurned(pool))) this.flush();
      else this.#awaitEnd();
    });
  }

  #awaitEnd(): void {
    const { clock } = this.#deps;
    this.#moment?.cancel();
    this.#moment = clock.after(this.#momentEndMs() - clock.monotonicMs(), () => {
      // What turned in the moment may still be unread: the loop was at something else, or stood still.
      this.#moment = clock.afterReads(() => {
        // A timer may be early by less than a millisecond.
        if (this.#momentEndMs() - clock.monotonicMs() < 1) this.flush();
        else this.#awaitEnd();
      });
    });
  }

  /** Where nothing more turns. */
  #momentEndMs(): number {
    const isLeft = this.#touched().some(({ members }) => isSomeoneLeft(this.#live, members));
    const moreMs = isLeft ? Math.min(MORE_MS, Math.floor(this.#turned / TURNED_PER_MS)) : 0;
    const cutMs = this.#momentBeganMs + LONGEST_MOMENT_MS;
    return Math.min(this.#lastTurnMs + MOMENT_MS + moreMs, cutMs);
  }

  /** Whether every member has turned in the moment, so that nothing is left to wait for. */
  #hasTurned({ members }: LivePool): boolean {
    const sinceMs = this.#momentBeganMs - MOMENT_MS;
    return members.every(({ backend }) => backend.sinceMonotonicMs >= sinceMs);
  }

  #touched(): LivePool[] {
    return [...this.#dirty].flatMap((name) => this.#live.pools.get(name) ?? []);
  }

  /** Decides now what the pools that changed must hold, instead of at the end of the moment. */
  flush(): void {
    this.#look?.cancel();
    this.#look = null;
    this.#moment?.cancel();
    this.#moment = null;
    this.#turned = 0;
    const dirty = [...this.#dirty];
    this.#dirty.clear();
    for (const name of dirty) {
      const pool = this.#live.pools.get(name);
      if (pool !== undefined && pool.desired !== null) this.#decide(pool);
    }
  }

  stop(): void {
    this.#look?.cancel();
    this.#moment?.cancel();
    for (const round of this.#rounds.values()) round.cancel();
  }

  #decide(pool: LivePool): void {
    const outcome = decide(this.#live, pool, this.#deps.clock.monotonicMs());
    this.#reportPolicy(pool, outcome);
    pool.outcome = outcome;
    pool.desired = outcome.desired;
    this.#deps.onGoal(pool.config.name, outcome);
  }

  #openRound(pool: LivePool): void {
    const { name } = pool.config;
    const roundMs = firstRoundMs(this.#live.config, name);
    pool.roundEndsMs = this.#deps.clock.monotonicMs() + roundMs;
    const key = tableKey(pool.config);
    this.#rounds.get(key)?.cancel();
    const timer = this.#deps.clock.after(roundMs, () => {
      this.#rounds.delete(key);
      const same = [...this.#live.pools.values()].filter(({ config }) =>
        isSameTable(config, pool.config),
      );
      // It may be a little early, and nobody would look again.
      for (const pool of same) pool.roundEndsMs = this.#deps.clock.monotonicMs();
      this.touch(same.map(({ config }) => config.name));
      this.flush();
    });
    this.#rounds.set(key, timer);
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
}
