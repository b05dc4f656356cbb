import { createAuditor } from '../audit/auditor.ts';
import type { CarpAddresses } from '../audit/source-audit.ts';
import type { Config } from '../config/config.ts';
import { createCleanup } from '../connections/cleanup.ts';
import { cleanupRules } from '../connections/cleanup-rules.ts';
import { backendName } from '../core/names.ts';
import { createEventLog } from '../events/event-log.ts';
import { logEvent } from '../events/log-events.ts';
import { createNodeProblems } from '../events/node-problems.ts';
import { createActions } from '../hooks/actions.ts';
import type { PfDriver } from '../pf/driver.ts';
import type { Prober, ProberOutlets } from '../prober/prober.ts';
import type { Exec } from '../process/exec.ts';
import { poolsOfBackend } from '../state/backend.ts';
import { Batch } from '../state/batch.ts';
import type { Effects } from '../state/effects.ts';
import { FirstRounds } from '../state/first-rounds.ts';
import { State } from '../state/state.ts';
import { readState } from '../store/state-file.ts';
import { createStateWriter } from '../store/state-writer.ts';
import type { Clock } from '../sys/clock.ts';
import type { ProcessLog } from '../sys/log.ts';
import { Reconciler } from '../tables/reconciler.ts';
import { applyEffects } from './apply.ts';
import type { Rooms } from './rooms.ts';

/** What the daemon needs of the world around it; each has a fake in tests. */
export interface ComposeDeps {
  readonly clock: Clock;
  readonly driver: PfDriver;
  /** For actions. */
  readonly exec: Exec;
  readonly log: ProcessLog;
  /** The addresses of this node, to tell its own probes from clients. */
  readonly ownAddresses: () => ReadonlySet<string>;
  readonly carpAddresses: CarpAddresses;
  readonly openProber: (outlets: ProberOutlets) => Prober;
}

/** Builds a daemon. Nothing is started, read or written yet, except that the state file is read. */
export function compose(deps: ComposeDeps, config: Config): Rooms {
  const { clock, driver, log } = deps;
  const apply = (effects: Effects): void => applyEffects(rooms, effects);

  const events = createEventLog(clock);
  events.follow(({ event }) => logEvent(log, event));
  const { emit } = events;
  const problems = createNodeProblems(clock, emit);

  const file = config.daemon.stateFile;
  const saved = readState(file, clock.wallMs(), log);
  const announced = new Map(saved.announced);
  const isConfigured = (name: string): boolean => view.backends.has(backendName(name));
  const store = createStateWriter({ clock, log, file }, () => ({
    overrides: view.overrides,
    announced: new Map([...announced].filter(([name]) => isConfigured(name))),
    ledger: tables.ledger,
    unreleased: cleanup.unreleased,
  }));

  const state = State.atStart(clock, config, saved);
  const { view } = state;
  const batch = new Batch({ clock, view, decide: (pools) => apply(state.decide(pools)) });
  const firstRounds = new FirstRounds({
    clock,
    view,
    onEnd: (table) => {
      apply(state.endFirstRound(table));
      batch.flush();
    },
  });

  const tables = new Reconciler(
    {
      driver,
      clock,
      emit,
      onView: ({ table: { pool }, view: table, removed, healed, ledgerChanged }) => {
        const entries = table.error === null ? table.actual : null;
        apply(state.tableRead(pool, { entries, asked: table.asked, removed }));
        if (ledgerChanged) store.save();
        if (healed) auditor.run();
      },
    },
    saved.ledger,
  );
  const cleanup = createCleanup({
    driver,
    clock,
    emit,
    problems,
    ownAddresses: deps.ownAddresses,
    rules: cleanupRules(view),
    onReleased: () => store.saveSoon(),
  });
  const actions = createActions({
    clock,
    exec: deps.exec,
    emit,
    attempted: async (name) => {
      batch.flush();
      await tables.attempted(poolsOfBackend(view, name));
    },
    confirmed: (name) =>
      poolsOfBackend(view, name).every((pool) => {
        const known = view.pools.get(pool);
        return known !== undefined && tables.viewOf(known.config).inSync;
      }),
  });
  const auditor = createAuditor(
    { driver, carpAddresses: deps.carpAddresses, clock, emit },
    () => view.config,
  );
  const prober = deps.openProber({
    view,
    emit,
    problems,
    record: (backend, check, record) => {
      apply(state.record(backend, check, record));
      return state.streakOf(backend, check);
    },
  });

  const rooms: Rooms = {
    state,
    batch,
    firstRounds,
    tables,
    cleanup,
    actions,
    auditor,
    prober,
    events,
    problems,
    store,
    saved,
    announced,
    reports: [tables, problems, store, cleanup, prober, auditor, log],
    apply,
  };
  return rooms;
}
