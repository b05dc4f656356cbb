import type { Config } from '../config/config.ts';
import type { Streak } from '../core/health.ts';
import type { BackendName } from '../core/names.ts';
import type { ProbeRecord } from '../core/probe-history.ts';
import type { HfmEvent } from '../events/event.ts';
import type { NodeProblems } from '../events/node-problems.ts';
import type { EngineMeter } from '../metrics/engine-meter.ts';
import { createProbe } from '../probes/create-probe.ts';
import { letWaitAtMost } from '../probes/probe-socket.ts';
import type { ScriptStarter } from '../process/script-starter.ts';
import { Scheduler } from '../scheduler/scheduler.ts';
import { watchStalls } from '../scheduler/stall-watch.ts';
import type { BackendView, StateView } from '../state/view.ts';
import type { Clock } from '../sys/clock.ts';
import type { Log } from '../sys/log.ts';
import { planDescriptors } from './descriptors.ts';
import type { WatchBudget } from './idle-watch.ts';
import { createProbeJobs } from './jobs.ts';

export interface ProberDeps extends ProberOutlets {
  readonly clock: Clock;
  readonly log: Log;
  readonly meter: EngineMeter;
  /** Open files that this process may have; null where that is not known. */
  readonly descriptorLimit: Promise<number | null>;
  /** For checks by script; `onTrouble` hears what is wrong with it. */
  readonly openScripts: (onTrouble: (detail: string) => void) => ScriptStarter;
}

/** Where a prober gets its orders from, and where its verdicts go. */
export interface ProberOutlets {
  readonly view: StateView;
  /** Counts a verdict; null when its check is not there any more. */
  readonly record: (backend: BackendName, check: string, record: ProbeRecord) => Streak | null;
  readonly emit: (event: HfmEvent) => void;
  readonly problems: Pick<NodeProblems, 'note'>;
}

/** Probes the backends of the configuration in force. */
export interface Prober {
  /** Resolves when it may begin. */
  readonly ready: Promise<void>;
  /** Makes the probes be those that the configuration and the overrides ask for. */
  update(): void;
  /** Probes each check of a backend now; the results count for nothing. */
  probeNow(backend: BackendView): Promise<readonly ProbeNowResult[]>;
  /** Whether a check's idle connection is held; null where none is wanted. */
  isWatched(backend: BackendName, check: string): boolean | null;
  readonly counts: ProberCounts;
  warnings(): readonly string[];
  stop(): Promise<void>;
}

export interface ProbeNowResult {
  readonly check: string;
  readonly record: ProbeRecord;
}

export interface ProberCounts {
  readonly inFlight: number;
  /** Probes that are due and wait until another one ends. */
  readonly waiting: number;
  /** Idle connections that are held. */
  readonly watching: number;
}

export function createProber(deps: ProberDeps): Prober {
  const { clock, log, meter, view, emit, problems } = deps;
  let descriptorLimit: number | null = null;
  let descriptors = planDescriptors(view.config, descriptorLimit);
  const stalls = watchStalls(clock, (lateMs) => meter.loopDelay(lateMs));
  const scheduler = new Scheduler({ clock, stalls, meter }, descriptors.limits);
  const scripts = deps.openScripts((detail) => problems.note('script-starter', detail));
  const budget: WatchBudget = { most: descriptors.watches, held: 0 };
  const jobs = createProbeJobs({
    clock,
    runScript: scripts.run,
    view,
    record: deps.record,
    problems,
    log,
    budget,
    keepsAlive: () => descriptors.keepsAlive,
    probeSoon: (key, inMs) => scheduler.probeSoon(key, inMs),
  });

  const allotDescriptors = (): void => {
    const before = descriptors.warning;
    descriptors = planDescriptors(view.config, descriptorLimit);
    budget.most = descriptors.watches;
    letWaitAtMost(descriptors.spare);
    const { warning } = descriptors;
    if (warning !== null && warning !== before) emit({ kind: 'warning', message: warning });
  };

  return {
    ready: deps.descriptorLimit.then((limit) => {
      descriptorLimit = limit;
    }),
    update() {
      allotDescriptors();
      scheduler.setJobs(jobs.jobs(), descriptors.limits);
      if (!hasScripts(view.config)) scripts.stop();
    },
    async probeNow({ config }) {
      const results = config.checks.map(async (check): Promise<ProbeNowResult> => {
        // One of its own, since the scheduled one may be in flight.
        const probe = createProbe({ runScript: scripts.run }, config, check);
        const record = await scheduler.runOnce({
          kind: check.probeKind,
          rhythm: check.rhythm,
          probe,
        });
        probe.close();
        return { check: check.name, record };
      });
      return Promise.all(results);
    },
    isWatched: (backend, check) => jobs.isWatched(`${backend}/${check}`),
    get counts() {
      const { inFlight, waiting } = scheduler;
      return { inFlight, waiting, watching: budget.held };
    },
    warnings: () => (descriptors.warning === null ? [] : [descriptors.warning]),
    async stop() {
      await scheduler.stop();
      jobs.close();
      scripts.stop();
    },
  };
}

function hasScripts({ backends }: Config): boolean {
  return backends.some(({ checks }) => checks.some(({ probeKind }) => probeKind === 'script'));
}
