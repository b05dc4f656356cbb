import type { Config } from '../../src/config/config.ts';
import { type Aftermath, createAftermath } from '../../src/connections/aftermath.ts';
import { leavingOf, leavingRules, leftUnreleased } from '../../src/connections/leaving.ts';
import type { PoolName } from '../../src/core/names.ts';
import type { PoolGoal } from '../../src/core/policy.ts';
import type { PfDriver } from '../../src/pf/driver.ts';
import { Controller } from '../../src/state/controller.ts';
import { readState } from '../../src/store/state-file.ts';
import { createStateKeeper } from '../../src/store/state-keeper.ts';
import { type Clock, within } from '../../src/sys/clock.ts';
import { Reconciler } from '../../src/tables/reconciler.ts';
import { createRecordingLog } from '../fakes/log.ts';

/** When an hfmd is gone: at a call of pfctl, counted from now, before it is made or while it runs. */
interface Death {
  readonly calls: number;
  readonly at: 'before' | 'during';
}

/** One life of hfmd: the rooms as the daemon wires them, without probes. */
export interface HfmProcess {
  readonly controller: Controller;
  readonly reconciler: Reconciler;
  readonly aftermath: Aftermath;
  /** Whether the tables were looked at, so that probes and words come. */
  readonly started: boolean;
  readonly dead: boolean;
  reload(config: Config): void;
  /** As kill -9: no timer fires, no answer is heard, nothing is written any more. */
  kill(): void;
  killAt(death: Death): void;
  /** As SIGTERM. */
  stop(): Promise<void>;
}

const FIRST_READING_MS = 1000;

interface ProcessDeps {
  readonly clock: Clock;
  readonly driver: PfDriver;
  readonly stateFile: string;
  /** A variant that is broken on purpose. */
  readonly ReconcilerClass?: typeof Reconciler;
}

export function startProcess(deps: ProcessDeps, first: Config): HfmProcess {
  const life = createLife(deps.clock);
  const { clock } = life;
  const driver = mortalDriver(deps.driver, life);
  const log = createRecordingLog();
  let config = first;
  let started = false;
  let reloadedGoals: Map<PoolName, PoolGoal> | null = null;

  const durable = readState(deps.stateFile, clock.wallMs(), log);
  const keeper = createStateKeeper({ clock, log, file: deps.stateFile }, () => ({
    overrides: controller.live.overrides,
    announced: new Map(),
    ledger: reconciler.ledger,
    unreleased: aftermath.unreleased,
  }));
  const save = (): void => {
    if (!life.dead) keeper.save();
  };
  const reconciler = new (deps.ReconcilerClass ?? Reconciler)(
    {
      driver,
      clock,
      emit: () => {},
      onView: ({ table: { pool }, view, removed, ledgerChanged }) => {
        if (pool !== null) controller.tableAsked(pool, view.asked);
        if (removed.length > 0) aftermath.left(leavingOf(controller.live, pool, removed));
        if (ledgerChanged) save();
        if (pool !== null && view.actual !== null && view.error === null) {
          controller.tableRead(pool, view.actual);
        }
      },
    },
    durable.ledger,
  );
  const controller = new Controller(
    {
      clock,
      emit: () => {},
      onGoal: (pool, goal) => {
        if (reloadedGoals === null) reconciler.setGoal(pool, goal);
        else reloadedGoals.set(pool, goal);
      },
      onDurable: () => keeper.saveSoon(),
      onWord: save,
      onFoundOut: (pool, addresses) => aftermath.left(leavingOf(controller.live, pool, addresses)),
      onAnnounce: () => {},
      onProbing: () => {},
    },
    config,
    durable,
  );
  const aftermath = createAftermath({
    driver,
    clock,
    emit: () => {},
    ownAddresses: () => new Set(),
    rules: leavingRules(() => controller.live),
    onReleased: () => keeper.saveSoon(),
    problems: { note: () => {} },
  });
  const start = async (): Promise<void> => {
    aftermath.left(leftUnreleased(controller.live, durable.unreleased));
    reconciler.configure(config, new Map());
    save();
    const pools = config.pools.map(({ name }) => name);
    await within(reconciler.attempted(pools), clock, FIRST_READING_MS);
    if (life.dead) return;
    controller.start();
    started = true;
  };
  void start();

  return {
    controller,
    reconciler,
    aftermath,
    get started() {
      return started;
    },
    get dead() {
      return life.dead;
    },
    reload(next) {
      config = next;
      const goals = new Map<PoolName, PoolGoal>();
      reloadedGoals = goals;
      controller.reload(config);
      reloadedGoals = null;
      reconciler.configure(config, goals);
      save();
    },
    kill: life.end,
    killAt: life.endAt,
    async stop() {
      controller.stop();
      await Promise.all([reconciler.stop(), aftermath.stop()]);
      if (!life.dead) keeper.stop();
    },
  };
}

interface Life {
  readonly clock: Clock;
  readonly dead: boolean;
  end(): void;
  endAt(death: Death): void;
  /** Counts a call of pfctl; whether it is still made. */
  callsOn(): boolean;
}

function createLife(clock: Clock): Life {
  let dead = false;
  let death: Death | null = null;
  const unlessDead = (run: () => void) => (): void => {
    if (!dead) run();
  };
  return {
    clock: {
      monotonicMs: clock.monotonicMs,
      workedMs: clock.workedMs,
      wallMs: clock.wallMs,
      after: (delayMs, run) => clock.after(delayMs, unlessDead(run)),
      afterReads: (run) => clock.afterReads(unlessDead(run)),
    },
    get dead() {
      return dead;
    },
    end() {
      dead = true;
    },
    endAt(next) {
      death = next;
    },
    callsOn() {
      if (dead) return false;
      if (death === null) return true;
      death = { ...death, calls: death.calls - 1 };
      if (death.calls > 0) return true;
      dead = true;
      return death.at === 'during';
    },
  };
}

/** The pfctl of one life: it runs to its end when hfmd is gone, but nobody hears of it. */
function mortalDriver(driver: PfDriver, life: Life): PfDriver {
  const call = <T>(work: () => Promise<T>): Promise<T> => {
    const result = life.callsOn() ? work() : NEVER;
    return new Promise((resolve, reject) => {
      result.then(
        (value) => {
          if (!life.dead) resolve(value as T);
        },
        (error: unknown) => reject(error instanceof Error ? error : new Error(String(error))),
      );
    });
  };
  return {
    kind: driver.kind,
    show: (ref) => call(() => driver.show(ref)),
    add: (ref, addresses) => call(() => driver.add(ref, addresses)),
    remove: (ref, entries) => call(() => driver.remove(ref, entries)),
    replace: (ref, entries) => call(() => driver.replace(ref, entries)),
    eachState: (visit, options) => call(() => driver.eachState(visit, options)),
    tables: (anchor) => call(() => driver.tables(anchor)),
    eachSource: (visit) => call(() => driver.eachSource(visit)),
    endSourcesTo: (backend) => call(() => driver.endSourcesTo(backend)),
    endSourcesOf: (client) => call(() => driver.endSourcesOf(client)),
    endState: (id) => call(() => driver.endState(id)),
  };
}

const NEVER: Promise<never> = new Promise(() => {});
