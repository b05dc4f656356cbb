import type { BackendConfig, CheckConfig } from '../config/config.ts';
import type { Streak } from '../core/health.ts';
import type { BackendName } from '../core/names.ts';
import type { ProbeRecord } from '../core/probe-history.ts';
import { slowestMs } from '../core/schedule.ts';
import { isNodeProblem } from '../core/verdict.ts';
import type { NodeProblems } from '../events/node-problems.ts';
import { createProbe } from '../probes/create-probe.ts';
import { openIdleConnection } from '../probes/idle-connection.ts';
import type { Probe } from '../probes/probe.ts';
import type { RunScript } from '../process/exec.ts';
import type { Job } from '../scheduler/scheduler.ts';
import { checkFingerprint, isProbed } from '../state/backend.ts';
import type { StateView } from '../state/view.ts';
import type { Clock } from '../sys/clock.ts';
import type { Log } from '../sys/log.ts';
import { IdleWatch, type WatchBudget } from './idle-watch.ts';
import { createNoRouteFilter, type NoRouteFilter } from './no-route-filter.ts';

/** The scheduler's jobs, each with its probe: one for each check that the state wants probed. */
export interface ProbeJobs {
  /** The jobs as the state is now. A check that has not changed keeps its probe. */
  jobs(): Job[];
  /** Whether an idle connection is held for `backend/check`; null where none is wanted. */
  isWatched(key: string): boolean | null;
  close(): void;
}

export interface ProbeJobsDeps {
  readonly clock: Clock;
  readonly runScript: RunScript;
  readonly view: StateView;
  /** Counts the outcome of a probe; null when its check is not there any more. */
  readonly record: (backend: BackendName, check: string, record: ProbeRecord) => Streak | null;
  readonly problems: Pick<NodeProblems, 'note'>;
  readonly log: Log;
  readonly budget: WatchBudget;
  /** Whether there are descriptors for the connections that checks ask to keep alive. */
  readonly keepsAlive: () => boolean;
  /** Makes a job's next probe due in `inMs` at the latest. */
  readonly probeSoon: (key: string, inMs: number) => void;
}

export function createProbeJobs(deps: ProbeJobsDeps): ProbeJobs {
  const noRoute = createNoRouteFilter(deps.clock);
  let entries = new Map<string, Entry>();

  /** Makes `entries` hold exactly these checks, and closes what no check needs any more. */
  const setEntries = (wanted: readonly WantedCheck[]): void => {
    const before = entries;
    entries = new Map(
      wanted.map((one) => {
        const known = before.get(one.key);
        const isSame = known?.fingerprint === one.fingerprint;
        return [one.key, isSame ? known : createEntry(deps, one)];
      }),
    );
    for (const [key, entry] of before) if (entries.get(key) !== entry) closeEntry(entry);
  };

  return {
    jobs() {
      const wanted = wantedChecks(deps.view, deps.keepsAlive());
      setEntries(wanted);
      noRoute.keep(networkChecks(wanted));
      return [...entries.values()].map((entry) => jobOf(deps, noRoute, entry));
    },
    isWatched: (key) => entries.get(key)?.watch?.isHeld ?? null,
    close() {
      for (const entry of entries.values()) closeEntry(entry);
      entries.clear();
    },
  };
}

/** A check of a backend that is to be probed. */
interface WantedCheck {
  /** `backend/check`. */
  readonly key: string;
  readonly backend: BackendConfig;
  readonly check: CheckConfig;
  /** The same as long as the same probe can serve. */
  readonly fingerprint: string;
}

interface Entry extends WantedCheck {
  readonly probe: Probe;
  readonly watch: IdleWatch | null;
}

function wantedChecks(view: StateView, keepsAlive: boolean): WantedCheck[] {
  return [...view.backends.values()]
    .filter((backend) => isProbed(view, backend))
    .flatMap(({ config: backend, checks }) =>
      checks
        .filter(({ config }) => config.mode === 'check')
        .map(({ config }) => {
          const check = keepsAlive ? config : withoutKeepAlive(config);
          const key = `${backend.name}/${check.name}`;
          const fingerprint = `${backend.address} ${checkFingerprint(check)}`;
          return { key, backend, check, fingerprint };
        }),
    );
}

function withoutKeepAlive(check: CheckConfig): CheckConfig {
  return check.keepAlive ? { ...check, keepAlive: false } : check;
}

/** The names of the checks that go over the network, for each backend that has any. */
function networkChecks(wanted: readonly WantedCheck[]): Map<BackendName, Set<string>> {
  const names = new Map<BackendName, Set<string>>();
  for (const { backend, check } of wanted) {
    if (check.probeKind !== 'network') continue;
    names.set(backend.name, (names.get(backend.name) ?? new Set()).add(check.name));
  }
  return names;
}

function createEntry(deps: ProbeJobsDeps, wanted: WantedCheck): Entry {
  const { runScript } = deps;
  const { backend, check } = wanted;
  const probe = createProbe({ runScript }, backend, check);
  return { ...wanted, probe, watch: watchOf(deps, wanted, probe) };
}

function watchOf(
  { clock, budget, probeSoon }: ProbeJobsDeps,
  { key, check }: WantedCheck,
  { endpoint }: Probe,
): IdleWatch | null {
  if (!check.watch || endpoint === null) return null;
  return new IdleWatch(
    {
      clock,
      budget,
      open: (listeners) => openIdleConnection(endpoint, listeners),
      probeSoon: (inMs) => probeSoon(key, inMs),
    },
    check.rhythm,
  );
}

function closeEntry({ probe, watch }: Entry): void {
  watch?.close();
  probe.close();
}

function jobOf(deps: ProbeJobsDeps, noRoute: NoRouteFilter, entry: Entry): Job {
  const { key, check, probe } = entry;
  return {
    key,
    kind: check.probeKind,
    rhythm: check.rhythm,
    startDelayMs: check.startDelayMs,
    probe,
    record: recorderOf(deps, noRoute, entry),
  };
}

/** Filters, logs and counts the outcome of each probe of one check. */
function recorderOf(
  { record, problems, log }: ProbeJobsDeps,
  noRoute: NoRouteFilter,
  { key, backend: { name }, check, watch }: Entry,
): Job['record'] {
  const id = { backend: name, check: check.name };
  return (probed) => {
    const { durationMs } = probed;
    const verdict =
      check.probeKind === 'network'
        ? noRoute.filter(id, probed.verdict, durationMs)
        : probed.verdict;
    log.debug(() => [{ ...id, durationMs, ...verdict }, `${key}: ${verdict.kind}`]);
    if (verdict.kind === 'inconclusive' && isNodeProblem(verdict)) {
      problems.note(verdict.reason, `${key}: ${verdict.detail}`, slowestMs(check.rhythm));
    }
    const isSame = verdict === probed.verdict;
    const streak = record(name, check.name, isSame ? probed : { ...probed, verdict });
    watch?.probed(verdict);
    return streak;
  };
}
