import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { type Connections, createConnections } from '../connections/member-connections.ts';
import type { BackendName } from '../core/names.ts';
import type { Override, Scope } from '../core/override.ts';
import type { EngineMeter } from '../metrics/engine-meter.ts';
import type { PfDriver } from '../pf/driver.ts';
import type { ProbeNowResult } from '../prober/prober.ts';
import { type Breach, breachesOf } from '../state/breaches.ts';
import type { StateView } from '../state/view.ts';
import { VERSION } from '../version.ts';
import { type ComposeDeps, compose } from './compose.ts';
import { notesOn } from './reload-notes.ts';
import { planReload, type TablePlan } from './reload-plan.ts';
import type { Rooms } from './rooms.ts';
import { keepHouse, startRooms, stopRooms } from './start.ts';

export interface DaemonDeps extends ComposeDeps {
  readonly meter: EngineMeter;
}

/** A running hfmd, as the control socket sees it. What changes it is a method. */
export interface Daemon {
  readonly view: StateView;
  readonly tables: Pick<Rooms['tables'], 'viewOf' | 'retired' | 'leftIn' | 'keptIn'>;
  readonly events: Pick<Rooms['events'], 'recent' | 'follow'>;
  readonly nodeProblems: Rooms['problems']['active'];
  readonly prober: Pick<Rooms['prober'], 'isWatched' | 'counts'>;
  readonly ended: Pick<Rooms['cleanup'], 'endedOf'>;
  readonly driver: PfDriver['kind'];
  readonly meter: EngineMeter;
  readonly connections: Connections;
  readonly startedAtMs: number;
  readonly loadedAtMs: number;
  /** What is wrong beside backends and pools. */
  problems(): readonly string[];
  /** What an operator should know, and does not keep hfm from working. */
  warnings(): readonly string[];
  /** Sets the override of each scope; null is `ready`. */
  override(scopes: readonly Scope[], override: Override | null, by: string | null): void;
  /** Where an override would take a pool below its floor. */
  breachesOf(scopes: readonly Scope[], override: Override | null): readonly Breach[];
  /** Reads the configuration again; a bad one changes nothing. */
  reload(): ReloadResult;
  /** The table changes that `reload` would make now. */
  plan(): Promise<PlanResult>;
  /** Probes each check of a backend now; counts for nothing. Null for an unknown backend. */
  probeNow(name: BackendName): Promise<readonly ProbeNowResult[] | null>;
  /** Stops probing and leaves the tables as they are. */
  stop(): Promise<void>;
}

type ReloadResult =
  | { readonly ok: true; readonly notes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

type PlanResult =
  | { readonly ok: true; readonly plans: readonly TablePlan[]; readonly notes: readonly string[] }
  | { readonly ok: false; readonly errors: readonly string[] };

/** Composes a daemon and starts it; resolves when its backends are probed. */
export async function startDaemon(deps: DaemonDeps, first: Config): Promise<Daemon> {
  const { clock, driver, log, ownAddresses } = deps;
  const startedAtMs = clock.wallMs();
  let loadedAtMs = startedAtMs;
  /** Set when the configuration on disk is not the one that runs: a restart would fail. */
  let refused: string | null = null;

  const rooms = compose(deps, first);
  const { state, events, prober, apply } = rooms;
  const { view } = state;
  const house = keepHouse(rooms, clock);
  events.emit({
    kind: 'start',
    version: VERSION,
    file: first.file,
    driver: driver.kind,
    backends: first.backends.length,
    pools: first.pools.length,
  });
  await startRooms(rooms, clock);

  let stopping: Promise<void> | null = null;
  const stop = (): Promise<void> => {
    events.emit({ kind: 'stop' });
    house.stop();
    return stopRooms(rooms);
  };

  return {
    view,
    tables: rooms.tables,
    events,
    get nodeProblems() {
      return rooms.problems.active;
    },
    prober,
    ended: rooms.cleanup,
    driver: driver.kind,
    meter: deps.meter,
    connections: createConnections({ driver, clock, view, ownAddresses }),
    startedAtMs,
    get loadedAtMs() {
      return loadedAtMs;
    },
    problems: () => rooms.reports.flatMap((room) => room.problems?.() ?? []),
    warnings: () => [
      ...(refused === null ? [] : [refused]),
      ...rooms.reports.flatMap((room) => room.warnings?.() ?? []),
    ],
    override: (scopes, override, by) => apply(state.override(scopes, override, by)),
    breachesOf: (scopes, override) => breachesOf(view, scopes, override, clock.monotonicMs()),
    reload() {
      const loaded = loadConfig(view.config.file);
      if (!loaded.ok) {
        events.emit({ kind: 'reload', ok: false, errors: loaded.errors });
        refused = `the configuration on disk was refused: ${errorCount(loaded.errors)}; "hfmctl reload --plan" shows them`;
        return loaded;
      }
      const notes = notesOn(view.config, loaded.config);
      refused = null;
      loadedAtMs = clock.wallMs();
      log.set(loaded.config.daemon.log);
      events.emit({ kind: 'reload', ok: true, errors: [] });
      for (const note of notes) log.warn({}, note);
      apply(state.reload(loaded.config));
      return { ok: true, notes };
    },
    async plan() {
      const loaded = loadConfig(view.config.file);
      if (!loaded.ok) return loaded;
      const plans = await planReload({ driver, state, tables: rooms.tables }, loaded.config);
      return { ok: true, plans, notes: notesOn(view.config, loaded.config) };
    },
    async probeNow(name) {
      const backend = view.backends.get(name);
      return backend === undefined ? null : prober.probeNow(backend);
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
  };
}

function errorCount(errors: readonly string[]): string {
  return errors.length === 1 ? '1 error' : `${errors.length} errors`;
}
