import type { PoolConfig } from '../config/config.ts';
import type { PoolName } from '../core/names.ts';
import type { HfmEvent } from '../events/event.ts';
import type { NodeProblems } from '../events/node-problems.ts';
import type { PfDriver, PfError, PfResult } from '../pf/driver.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import { endConnections, PACE, pause } from './connections.ts';

export interface AftermathDeps {
  readonly driver: PfDriver;
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /** Asked anew at each step: an address may be back meanwhile. */
  readonly rules: LeavingRules;
  readonly ownAddresses: () => ReadonlySet<string>;
  /** Some of the `unreleased` are not any more. */
  readonly onReleased: () => void;
  readonly problems: Pick<NodeProblems, 'note'>;
}

/** What is to be done about an address that has left a table. */
export interface Leaving {
  readonly pool: PoolName | null;
  readonly address: string;
  readonly sources: PoolConfig['killSources'];
  /** Whether its connections are to be ended too. */
  readonly endStates: boolean;
}

/** What may be done about an address that has left a table. */
export interface LeavingRules {
  /** Whether it is out of its table still. */
  isOut(leaving: Leaving): boolean;
  /** `once`: others send clients to it all the time, so that some of them are left always. */
  releaseOf(leaving: Leaving): 'all' | 'once' | 'none';
  /** `not-yet`: it is to be asked again, as another table may have the address still. */
  mayEndStates(leaving: Leaving): 'yes' | 'no' | 'not-yet';
}

interface Ended {
  readonly sources: number;
  readonly states: number;
}

/** Ends what still leads to an address after it has left its table. */
export interface Aftermath {
  left(leaving: readonly Leaving[]): void;
  /** Addresses whose sticky clients may not have been released yet. */
  readonly unreleased: readonly string[];
  /** What was ended since hfmd started. */
  endedOf(pool: PoolName): Ended;
  /** A warning when hfmd may not look for sticky clients or states; null when it may. */
  readonly forbidden: string | null;
  stop(): Promise<void>;
}

/** New nodes can't come for an address that is out, so that a few rounds see the last one. */
const MAX_ROUNDS = 5;
/** By the address, and then, where pf does not do that, by each client. */
const ROUNDS_FOR_ONCE = 2;
const RETRY_MS = 5000;
const FORBIDDEN_RETRY_MS = 60_000;

export function createAftermath(deps: AftermathDeps): Aftermath {
  const { driver, clock, emit, rules } = deps;
  const ended = new Map<PoolName, Ended>();
  /** By table and address, so that what leaves again and again waits once. */
  const waiting = new Map<string, Leaving>();
  /** Calls that end source nodes, since they were listed first. */
  let turns = 0;
  /** What is under way. */
  let working: readonly Leaving[] = [];
  /** Whose states may not be ended yet. */
  let postponed: Leaving[] = [];
  let running: Promise<void> | null = null;
  let retry: Timer | null = null;
  let stopped = false;
  let forbidden: string | null = null;

  const add = (pool: PoolName | null, what: Partial<Ended>): void => {
    if (pool === null) return;
    const { sources = 0, states = 0 } = ended.get(pool) ?? {};
    ended.set(pool, {
      sources: sources + (what.sources ?? 0),
      states: states + (what.states ?? 0),
    });
  };

  const run = async (): Promise<void> => {
    while (waiting.size > 0 && !stopped) {
      working = [...waiting.values()].filter(rules.isOut);
      waiting.clear();
      const error = await clear(working);
      if (stopped) break;
      if (error === null) {
        forbidden = null;
        working = [];
        deps.onReleased();
        continue;
      }
      const isForbidden = error.kind === 'permission';
      if (isForbidden) forbid(error);
      else deps.problems.note('cleanup', error.message);
      wait(working);
      working = [];
      retry = clock.after(isForbidden ? FORBIDDEN_RETRY_MS : RETRY_MS, start);
      break;
    }
    if (!stopped) takeUpPostponed();
    running = null;
  };
  const takeUpPostponed = (): void => {
    if (postponed.length === 0) return;
    if (waiting.size === 0) retry = clock.after(RETRY_MS, start);
    wait(postponed);
    postponed = [];
  };
  /** A right that was not given is the operator's choice, said once and tried again rarely. */
  const forbid = ({ message }: PfError): void => {
    if (forbidden === null) emit({ kind: 'warning', message: forbiddenText(message) });
    forbidden = forbiddenText(message);
  };
  const start = (): void => {
    if (!stopped && waiting.size > 0) running ??= run();
  };
  const wait = (leaving: readonly Leaving[]): void => {
    for (const one of leaving) {
      const key = `${one.pool ?? ''}/${one.address}`;
      // What is to be done stays to be done: a removal by health, and then one by drift repair.
      const known = waiting.get(key);
      const sources = known?.sources === 'auto' ? 'auto' : one.sources;
      const endStates = one.endStates || known?.endStates === true;
      waiting.set(key, { ...one, sources, endStates });
    }
  };

  /** Source nodes first: a state that ends would come back through its node. */
  const clear = async (batch: readonly Leaving[]): Promise<PfError | null> => {
    const sticky = batch.filter((one) => rules.releaseOf(one) !== 'none');
    const error = sticky.length > 0 ? await endSources(sticky) : null;
    if (error !== null) return error;
    const asked = batch.filter((one) => one.endStates);
    const answers = asked.map((one) => ({ one, may: rules.mayEndStates(one) }));
    for (const { one, may } of answers) {
      if (may === 'not-yet') postponed.push({ ...one, sources: 'never' });
    }
    return endStates(answers.filter(({ may }) => may === 'yes').map(({ one }) => one));
  };

  /** One listing for all of them: on a busy firewall it is a million lines. */
  const endStates = async (batch: readonly Leaving[]): Promise<PfError | null> => {
    if (batch.length === 0) return null;
    const leavings = new Map(batch.map((leaving) => [leaving.address, leaving]));
    const member = { addresses: new Set(leavings.keys()), ownAddresses: deps.ownAddresses() };
    const mayEnd = (address: string): boolean => {
      const leaving = leavings.get(address);
      return leaving !== undefined && rules.isOut(leaving) && rules.mayEndStates(leaving) === 'yes';
    };
    const states = await endConnections(driver, member, { clock, ...PACE, mayEnd });
    if (!states.ok) return states.error;
    const { ended: counts, left } = states.value;
    for (const { pool, address } of batch) {
      const count = counts.get(address) ?? 0;
      if (count === 0) continue;
      add(pool, { states: count });
      emit({ kind: 'ended', pool, address, what: 'states', count });
    }
    if (left === 0) return null;
    const isStuck = [...counts.values()].every((count) => count === 0);
    if (isStuck) return { kind: 'not-accepted', message: `${left} states can not be ended` };
    wait(batch);
    return null;
  };

  const endSources = async (batch: readonly Leaving[]): Promise<PfError | null> => {
    const leavings = new Map(batch.map((leaving) => [leaving.address, leaving]));
    const first = await clientsOf(leavings);
    if (!first.ok) return first.error;
    let left = first.value;
    let error: PfError | null = null;
    turns = 0;
    for (let round = 0; round < MAX_ROUNDS && !stopped; round++) {
      const due = [...left].filter(([address]) => isDue(leavings.get(address), round));
      if (due.length === 0) break;
      for (const [address, clients] of due) {
        error ??= round === 0 ? await endAt(address) : await endEach(clients);
      }
      const listed = await clientsOf(leavings);
      if (listed.ok) left = listed.value;
      else error ??= listed.error;
      if (error !== null) break;
    }
    for (const [address, clients] of first.value) {
      const count = clients.size - (left.get(address)?.size ?? 0);
      const pool = leavings.get(address)?.pool ?? null;
      if (count <= 0) continue;
      add(pool, { sources: count });
      emit({ kind: 'ended', pool, address, what: 'sources', count });
    }
    const stubborn = [...left].find(([address]) => isDue(leavings.get(address), MAX_ROUNDS));
    if (error !== null || stubborn === undefined) return error;
    const message = `${stubborn[1].size} sticky clients of ${stubborn[0]} can not be ended`;
    return { kind: 'not-accepted', message };
  };

  const isDue = (leaving: Leaving | undefined, round: number): boolean =>
    leaving !== undefined && (round < ROUNDS_FOR_ONCE || rules.releaseOf(leaving) === 'all');

  /** The clients that pf keeps at an address that is out, by the address. */
  const clientsOf = async (
    leavings: ReadonlyMap<string, Leaving>,
  ): Promise<PfResult<Map<string, Set<string>>>> => {
    const clients = new Map<string, Set<string>>();
    const listed = await driver.eachSource(({ client, backend }) => {
      const leaving = backend === null ? undefined : leavings.get(backend);
      if (leaving === undefined || !rules.isOut(leaving)) return;
      const known = clients.get(leaving.address) ?? new Set();
      clients.set(leaving.address, known.add(client));
    });
    return listed.ok ? { ok: true, value: clients } : listed;
  };

  /** The pace holds over all addresses, of which there may be thousands with a client each. */
  const turn = async (): Promise<void> => {
    if (!stopped && turns > 0 && turns % PACE.burst === 0) await pause({ clock, ...PACE });
    turns += 1;
  };

  /** What OpenBSD does in one step; stock FreeBSD 15.1 says "killed 0" and leaves them. */
  const endAt = async (address: string): Promise<PfError | null> => {
    await turn();
    if (stopped) return null;
    const killed = await driver.endSourcesTo(address);
    return killed.ok ? null : killed.error;
  };

  const endEach = async (clients: Iterable<string>): Promise<PfError | null> => {
    for (const client of clients) {
      await turn();
      if (stopped) return null;
      const result = await driver.endSourcesOf(client);
      if (!result.ok) return result.error;
    }
    return null;
  };

  return {
    left(leaving) {
      const useful = leaving.filter(({ sources, endStates }) => sources === 'auto' || endStates);
      if (useful.length === 0 || stopped) return;
      wait(useful);
      retry?.cancel();
      start();
    },
    get unreleased() {
      const sticky = [...working, ...waiting.values()].filter(({ sources }) => sources === 'auto');
      return [...new Set(sticky.map(({ address }) => address))];
    },
    get forbidden() {
      return forbidden;
    },
    endedOf: (pool) => ended.get(pool) ?? { sources: 0, states: 0 },
    async stop() {
      stopped = true;
      retry?.cancel();
      await running;
    },
  };
}

function forbiddenText(message: string): string {
  return `sticky clients and states of what has left are not ended: ${message} (kill_sources = "never" says that this is meant)`;
}
