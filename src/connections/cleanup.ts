import type { PoolName } from '../core/names.ts';
import type { HfmEvent } from '../events/event.ts';
import type { NodeProblems } from '../events/node-problems.ts';
import type { PfDriver, PfError } from '../pf/driver.ts';
import type { Clock, Timer } from '../sys/clock.ts';
import type { CleanupRules, CleanupTask } from './cleanup-task.ts';
import { endSources } from './end-sources.ts';
import { endConnections, PACE } from './end-states.ts';

export interface CleanupDeps {
  readonly driver: PfDriver;
  readonly clock: Clock;
  readonly emit: (event: HfmEvent) => void;
  /** Asked again at each step: an address may be back meanwhile. */
  readonly rules: CleanupRules;
  readonly ownAddresses: () => ReadonlySet<string>;
  /** `unreleased` has become smaller. */
  readonly onReleased: () => void;
  readonly problems: Pick<NodeProblems, 'note'>;
}

interface Ended {
  readonly sources: number;
  readonly states: number;
}

/** Ends the source nodes and states that still lead to an address after it has left its table. */
export interface Cleanup {
  add(tasks: readonly CleanupTask[]): void;
  /** Addresses whose sticky clients may not have been released yet. */
  readonly unreleased: readonly string[];
  /** What was ended since hfmd started. */
  endedOf(pool: PoolName): Ended;
  /** A warning where hfmd may not look for source nodes or states. */
  warnings(): readonly string[];
  stop(): Promise<void>;
}

const RETRY_MS = 5000;
const FORBIDDEN_RETRY_MS = 60_000;

export function createCleanup(deps: CleanupDeps): Cleanup {
  const { driver, clock, emit, rules } = deps;
  const ended = new Map<PoolName, Ended>();
  /** By pool and address, so that an address that leaves again and again has one task. */
  const waiting = new Map<string, CleanupTask>();
  let inProgress: readonly CleanupTask[] = [];
  /** Tasks whose states may not be ended yet. */
  let postponed: CleanupTask[] = [];
  let running: Promise<void> | null = null;
  let retry: Timer | null = null;
  let stopped = false;
  let forbidden: string | null = null;

  const count = (pool: PoolName | null, what: Partial<Ended>): void => {
    if (pool === null) return;
    const { sources = 0, states = 0 } = ended.get(pool) ?? {};
    ended.set(pool, {
      sources: sources + (what.sources ?? 0),
      states: states + (what.states ?? 0),
    });
  };

  const run = async (): Promise<void> => {
    while (waiting.size > 0 && !stopped) {
      inProgress = [...waiting.values()].filter(rules.isOut);
      waiting.clear();
      const error = await clean(inProgress);
      if (stopped) break;
      if (error === null) {
        forbidden = null;
        inProgress = [];
        deps.onReleased();
        continue;
      }
      const isForbidden = error.kind === 'permission';
      if (isForbidden) noteForbidden(error);
      else deps.problems.note('cleanup', error.message);
      queue(inProgress);
      inProgress = [];
      retry = clock.after(isForbidden ? FORBIDDEN_RETRY_MS : RETRY_MS, start);
      break;
    }
    if (!stopped) queuePostponed();
    running = null;
  };
  const queuePostponed = (): void => {
    if (postponed.length === 0) return;
    if (waiting.size === 0) retry = clock.after(RETRY_MS, start);
    queue(postponed);
    postponed = [];
  };
  /** The operator did not give the right. That may be meant: warn once, and rarely try again. */
  const noteForbidden = ({ message }: PfError): void => {
    if (forbidden === null) emit({ kind: 'warning', message: forbiddenText(message) });
    forbidden = forbiddenText(message);
  };
  const start = (): void => {
    if (!stopped && waiting.size > 0) running ??= run();
  };
  const queue = (tasks: readonly CleanupTask[]): void => {
    for (const task of tasks) {
      const key = `${task.pool ?? ''}/${task.address}`;
      // A removal by health asks for more than the drift repair that may follow it: keep both.
      const known = waiting.get(key);
      const sources = known?.sources === 'auto' ? 'auto' : task.sources;
      const endStates = task.endStates || known?.endStates === true;
      waiting.set(key, { ...task, sources, endStates });
    }
  };

  /** Source nodes first: the client of an ended state would come back through its source node. */
  const clean = async (tasks: readonly CleanupTask[]): Promise<PfError | null> => {
    const sticky = tasks.filter((task) => rules.releaseOf(task) !== 'none');
    const error = sticky.length > 0 ? await cleanSources(sticky) : null;
    if (error !== null) return error;
    const asked = tasks.filter((task) => task.endStates);
    const answers = asked.map((task) => ({ task, may: rules.mayEndStates(task) }));
    for (const { task, may } of answers) {
      if (may === 'not-yet') postponed.push({ ...task, sources: 'never' });
    }
    return cleanStates(answers.filter(({ may }) => may === 'yes').map(({ task }) => task));
  };

  const cleanSources = async (tasks: readonly CleanupTask[]): Promise<PfError | null> => {
    const byAddress = new Map(tasks.map((task) => [task.address, task]));
    const isStopped = (): boolean => stopped;
    const { counts, error } = await endSources({ driver, clock, rules, isStopped }, byAddress);
    for (const [address, number] of counts) {
      const pool = byAddress.get(address)?.pool ?? null;
      count(pool, { sources: number });
      emit({ kind: 'ended', pool, address, what: 'sources', count: number });
    }
    return error;
  };

  /** One listing for all tasks: on a busy firewall it is a million lines. */
  const cleanStates = async (tasks: readonly CleanupTask[]): Promise<PfError | null> => {
    if (tasks.length === 0) return null;
    const byAddress = new Map(tasks.map((task) => [task.address, task]));
    const member = { addresses: new Set(byAddress.keys()), ownAddresses: deps.ownAddresses() };
    const mayEnd = (address: string): boolean => {
      const task = byAddress.get(address);
      return task !== undefined && rules.isOut(task) && rules.mayEndStates(task) === 'yes';
    };
    const states = await endConnections(driver, member, { clock, ...PACE, mayEnd });
    if (!states.ok) return states.error;
    const { ended: counts, left } = states.value;
    for (const { pool, address } of tasks) {
      const number = counts.get(address) ?? 0;
      if (number === 0) continue;
      count(pool, { states: number });
      emit({ kind: 'ended', pool, address, what: 'states', count: number });
    }
    if (left === 0) return null;
    const isStuck = [...counts.values()].every((number) => number === 0);
    if (isStuck) return { kind: 'not-accepted', message: `${left} states can not be ended` };
    queue(tasks);
    return null;
  };

  return {
    add(tasks) {
      const useful = tasks.filter(({ sources, endStates }) => sources === 'auto' || endStates);
      if (useful.length === 0 || stopped) return;
      queue(useful);
      retry?.cancel();
      start();
    },
    get unreleased() {
      const tasks = [...inProgress, ...waiting.values()];
      const sticky = tasks.filter(({ sources }) => sources === 'auto');
      return [...new Set(sticky.map(({ address }) => address))];
    },
    warnings: () => (forbidden === null ? [] : [forbidden]),
    endedOf: (pool) => ended.get(pool) ?? { sources: 0, states: 0 },
    async stop() {
      stopped = true;
      retry?.cancel();
      await running;
    },
  };
}

function forbiddenText(message: string): string {
  return `sticky clients and states of removed addresses are not ended: ${message} (kill_sources = "never" says that this is meant)`;
}
