import { createAuditor } from '../audit/auditor.ts';
import type { CarpAddresses } from '../audit/source-audit.ts';
import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { type Aftermath, createAftermath } from '../connections/aftermath.ts';
import { leavingOf, leavingRules, leftUnreleased } from '../connections/leaving.ts';
import type { BackendName } from '../core/names.ts';
import type { ProbeRecord } from '../core/probe-history.ts';
import { createEventLog, type EventLog } from '../events/event-log.ts';
import { logEvent } from '../events/log-events.ts';
import { createNodeProblems, type NodeProblems } from '../events/node-problems.ts';
import { type Actions, createActions } from '../hooks/actions.ts';
import type { EngineMeter } from '../metrics/engine-meter.ts';
import type { PfDriver } from '../pf/driver.ts';
import { planDescriptors } from '../prober/descriptors.ts';
import { createJobBook } from '../prober/jobs.ts';
import type { WatchBudget } from '../prober/watch.ts';
import { createProbe } from '../probes/create-probe.ts';
import { letWaitAtMost } from '../probes/probe-socket.ts';
import type { Exec } from '../process/exec.ts';
import type { ScriptStarter } from '../process/script-starter.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { watchStalls } from '../scheduler/stall-watch.ts';
import { Controller } from '../state/controller.ts';
import { readState } from '../store/state-file.ts';
import { createStateKeeper } from '../store/state-keeper.ts';
import { type Clock, type Timer, within } from '../sys/clock.ts';
import type { ProcessLog } from '../sys/log.ts';
import { Reconciler } from '../tables/reconciler.ts';
import { VERSION } from '../version.ts';
import { notesOn } from './reload-notes.ts';
import { planReload, type TablePlan } from './reload-plan.ts';

export interface DaemonDeps {
  readonly clock: Clock;
  /** Of this process; null where it is not known. Tables are read meanwhile, and nothing is probed. */
  readonly descriptorLimit: Promise<number | null>;
  /** For actions. */
  readonly exec: Exec;
  /** For checks by script; `onTrouble` hears what is wrong with it. */
  readonly openScripts: (onTrouble: (detail: string) => void) => ScriptStarter;
  readonly driver: PfDriver;
  readonly log: ProcessLog;
  readonly meter: EngineMeter;
  /** Of this node's interfaces, so that its probes are told from clients. */
  readonly ownAddresses: () => ReadonlySet<string>;
  readonly carpAddresses: CarpAddresses;
}

/** A running hfmd, as the control socket sees it. */
export interface Daemon {
  readonly controller: Controller;
  readonly reconciler: Reconciler;
  readonly scheduler: Scheduler;
  readonly events: EventLog;
  readonly problems: NodeProblems;
  readonly driver: PfDriver;
  readonly meter: EngineMeter;
  /** Whether a check's idle connection is held; null where none is wanted. */
  isWatched(backend: BackendName, check: string): boolean | null;
  /** Idle connections that are held. */
  readonly watches: number;
  readonly aftermath: Aftermath;
  readonly warnings: readonly string[];
  readonly startedAtMs: number;
  readonly loadedAtMs: number;
  /** Reads the configuration again; a bad one changes nothing. */
  reload(): ReloadResult;
  /** The table changes that `reload` would make now. */
  plan(): Promise<PlanResult>;
  /** Probes each check of a backend now; counts for nothing. Null for an unknown backend. */
  probeNow(name: BackendName): Promise<readonly NowResult[] | null>;
  /** Stops probing and leaves the tables as they are. */
  stop(): Promise<void>;
}

type ReloadResult =
  | { readonly ok: true; readonly notes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

type PlanResult =
  | { readonly ok: true; readonly plans: readonly TablePlan[]; readonly notes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

interface NowResult {
  readonly check: string;
  readonly record: ProbeRecord;
}

/** Tables that can't be read must not keep hfmd from looking at its backends. */
const FIRST_READING_MS = 1000;
const HOUSEKEEPING_MS = 1000;

/** Puts the rooms together and starts them: tables are read first, then probes begin. */
export async function startDaemon(deps: DaemonDeps, first: Config): Promise<Daemon> {
  const { clock, exec, openScripts, driver, log, meter, ownAddresses, carpAddresses } = deps;
  const startedAtMs = clock.wallMs();
  let config = first;
  let loadedAtMs = startedAtMs;
  /** Says that a restart would fail: what runs is not what is on disk. */
  let refused: string | null = null;
  let descriptorLimit: number | null = null;
  let descriptors = planDescriptors(config, descriptorLimit);

  const events = createEventLog(clock);
  events.follow(({ event }) => logEvent(log, event));
  const { emit } = events;
  const problems = createNodeProblems(clock, emit);
  const durable = readState(config.daemon.stateFile, startedAtMs, log);

  const keeper = createStateKeeper({ clock, log, file: config.daemon.stateFile }, () => ({
    overrides: controller.live.overrides,
    announced: announcedOf(controller),
    ledger: reconciler.ledger,
    unreleased: aftermath.unreleased,
  }));
  const reconciler = new Reconciler(
    {
      driver,
      clock,
      emit,
      onRead: (pool, entries) => controller.tableRead(pool, entries),
      onAsked: (pool, entries) => controller.tableAsked(pool, entries),
      onRemoved: (pool, entries) => aftermath.left(leavingOf(controller.live, pool, entries)),
      onHealed: () => auditor.run(),
      onLedger: () => keeper.save(),
    },
    durable.ledger,
  );
  const controller = new Controller(
    {
      clock,
      emit,
      onGoal: (pool, goal) => reconciler.aim(pool, goal),
      onDurable: () => keeper.saveSoon(),
      onWord: () => keeper.save(),
      onFoundOut: (pool, addresses) => aftermath.left(leavingOf(controller.live, pool, addresses)),
      onAnnounce: (announcement) => {
        const backend = controller.live.backends.get(announcement.backend);
        if (backend !== undefined) actions.run(backend.config, announcement);
      },
      onProbing: () => scheduler.setJobs(book.jobs(), descriptors.limits),
    },
    config,
    durable,
  );
  const actions: Actions = createActions({
    clock,
    exec,
    emit,
    attempted: async (backend) => {
      controller.flush();
      await reconciler.attempted(controller.poolsOf(backend));
    },
    confirmed: (backend) =>
      controller.poolsOf(backend).every((name) => {
        const pool = controller.live.pools.get(name);
        return pool !== undefined && reconciler.viewOf(pool.config).inSync;
      }),
  });
  const aftermath = createAftermath({
    driver,
    clock,
    emit,
    ownAddresses,
    problems,
    rules: leavingRules(() => controller.live),
    onReleased: () => keeper.saveSoon(),
  });
  const auditor = createAuditor({ driver, carpAddresses, clock, emit }, () => config);
  const stalls = watchStalls(clock, (lateMs) => meter.loopDelay(lateMs));
  const scheduler = new Scheduler({ clock, stalls, meter }, descriptors.limits);
  const budget: WatchBudget = { most: descriptors.watches, held: 0 };
  const hurry = (key: string, inMs: number): void => scheduler.hurry(key, inMs);
  const scripts = openScripts((detail) => problems.note('script-starter', detail));
  const runScript = scripts.run;
  const book = createJobBook({
    clock,
    runScript,
    controller,
    problems,
    log,
    budget,
    keepsAlive: () => descriptors.keepsAlive,
    hurry,
  });

  const allotDescriptors = (): void => {
    const before = descriptors.warning;
    descriptors = planDescriptors(config, descriptorLimit);
    budget.most = descriptors.watches;
    letWaitAtMost(descriptors.spare);
    const { warning } = descriptors;
    if (warning !== null && warning !== before) emit({ kind: 'warning', message: warning });
  };

  let housekeeping: Timer;
  const keepHouse = (): void => {
    controller.expire();
    problems.sweep();
    housekeeping = clock.after(HOUSEKEEPING_MS, keepHouse);
  };
  housekeeping = clock.after(HOUSEKEEPING_MS, keepHouse);

  emit({
    kind: 'start',
    version: VERSION,
    file: config.file,
    driver: driver.kind,
    backends: config.backends.length,
    pools: config.pools.length,
  });
  aftermath.left(leftUnreleased(controller.live, durable.unreleased));
  reconciler.configure(config);
  const pools = config.pools.map(({ name }) => name);
  const reading = within(reconciler.attempted(pools), clock, FIRST_READING_MS);
  [descriptorLimit] = await Promise.all([deps.descriptorLimit, reading]);
  allotDescriptors();
  controller.start();
  auditor.run();
  scheduler.setJobs(book.jobs(), descriptors.limits);

  let stopping: Promise<void> | null = null;
  const stop = async (): Promise<void> => {
    emit({ kind: 'stop' });
    housekeeping.cancel();
    auditor.stop();
    await scheduler.stop();
    controller.stop();
    book.close();
    scripts.stop();
    await Promise.all([actions.stop(), reconciler.stop(), aftermath.stop()]);
    keeper.stop();
  };

  return {
    controller,
    reconciler,
    scheduler,
    events,
    problems,
    driver,
    meter,
    isWatched: (backend, check) => book.isWatched(`${backend}/${check}`),
    get watches() {
      return budget.held;
    },
    aftermath,
    get warnings() {
      const unsaved =
        keeper.failure === null
          ? null
          : `state file can't be written, a restart loses the overrides set since: ${keeper.failure}`;
      const own = [refused, unsaved, aftermath.forbidden, descriptors.warning];
      const others = own.filter((one) => one !== null);
      return [...others, ...auditor.warnings];
    },
    startedAtMs,
    get loadedAtMs() {
      return loadedAtMs;
    },
    reload() {
      const loaded = loadConfig(config.file);
      if (!loaded.ok) {
        emit({ kind: 'reload', ok: false, errors: loaded.errors });
        refused = `the configuration on disk was refused: ${errorCount(loaded.errors)}; "hfmctl reload --plan" shows them`;
        return loaded;
      }
      const notes = notesOn(config, loaded.config);
      refused = null;
      config = loaded.config;
      loadedAtMs = clock.wallMs();
      log.set(config.daemon.log);
      emit({ kind: 'reload', ok: true, errors: [] });
      for (const note of notes) log.warn({}, note);
      reconciler.configure(config);
      controller.reload(config);
      auditor.run();
      allotDescriptors();
      scheduler.setJobs(book.jobs(), descriptors.limits);
      if (!hasScripts(config)) scripts.stop();
      return { ok: true, notes };
    },
    async plan() {
      const loaded = loadConfig(config.file);
      if (!loaded.ok) return loaded;
      const plans = await planReload({ clock, driver, controller, reconciler }, loaded.config);
      return { ok: true, plans, notes: notesOn(config, loaded.config) };
    },
    async probeNow(name) {
      const backend = controller.live.backends.get(name);
      if (backend === undefined) return null;
      const results = backend.config.checks.map(async (check): Promise<NowResult> => {
        const kind = check.type === 'script' ? 'script' : 'network';
        // One of its own, since the scheduled one may be in flight.
        const probe = createProbe({ runScript: scripts.run }, backend.config, check);
        const record = await scheduler.runOnce({ kind, rhythm: check.rhythm, probe });
        probe.close();
        return { check: check.name, record };
      });
      return Promise.all(results);
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function hasScripts({ backends }: Config): boolean {
  return backends.some(({ checks }) => checks.some(({ type }) => type === 'script'));
}

function errorCount(errors: readonly string[]): string {
  return errors.length === 1 ? '1 error' : `${errors.length} errors`;
}

function announcedOf(controller: Controller): Map<string, 'up' | 'down'> {
  const announced = new Map<string, 'up' | 'down'>();
  for (const { config, announced: health } of controller.live.backends.values()) {
    if (health !== null) announced.set(config.name, health);
  }
  return announced;
}
