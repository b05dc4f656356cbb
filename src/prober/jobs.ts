import type { CheckConfig } from '../config/config.ts';
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
import { createRouteJudge } from './route-judge.ts';
import { Watch, type WatchBudget } from './watch.ts';

/** The jobs that a configuration and the operator's words ask for, each with its probe. */
export interface JobBook {
  /** The jobs of now. A probe is kept as long as its check stays the same. */
  jobs(): Job[];
  /** Whether an idle connection is held for `backend/check`; null where none is wanted. */
  isWatched(key: string): boolean | null;
  close(): void;
}

export interface JobBookDeps {
  readonly clock: Clock;
  readonly runScript: RunScript;
  readonly view: StateView;
  readonly record: (backend: BackendName, check: string, record: ProbeRecord) => Streak | null;
  readonly problems: Pick<NodeProblems, 'note'>;
  readonly log: Log;
  readonly budget: WatchBudget;
  /** Whether there are descriptors for the connections that checks ask to keep alive. */
  readonly keepsAlive: () => boolean;
  /** Has a job probed so soon, in milliseconds. */
  readonly hurry: (key: string, inMs: number) => void;
}

export function createJobBook(deps: JobBookDeps): JobBook {
  const { clock, runScript, view, problems, log } = deps;
  const routes = createRouteJudge(clock);
  let probes = new Map<string, Entry>();
  const close = ({ probe, watch }: Entry): void => {
    watch?.close();
    probe.close();
  };
  const judged = (backend: BackendName, check: CheckConfig, probed: ProbeRecord): ProbeRecord => {
    const verdict = routes.judge({ backend, check: check.name }, probed.verdict, probed.durationMs);
    return { ...probed, verdict };
  };
  return {
    jobs() {
      const next: typeof probes = new Map();
      const jobs: Job[] = [];
      const overNetwork = new Map<BackendName, Set<string>>();
      for (const backend of view.backends.values()) {
        if (!isProbed(view, backend)) continue;
        const { name, address } = backend.config;
        for (const { config } of backend.checks) {
          if (config.mode !== 'check') continue;
          const check = deps.keepsAlive() ? config : withoutKeepAlive(config);
          const key = `${name}/${check.name}`;
          const isNetwork = check.type !== 'script';
          if (isNetwork) {
            overNetwork.set(name, (overNetwork.get(name) ?? new Set()).add(check.name));
          }
          const fingerprint = `${address} ${checkFingerprint(check)}`;
          const known = probes.get(key);
          const kept = known?.fingerprint === fingerprint ? known : null;
          const probe = kept?.probe ?? createProbe({ runScript }, backend.config, check);
          const watch = kept?.watch ?? watchOf(deps, key, check, probe);
          next.set(key, { fingerprint, probe, watch });
          jobs.push({
            key,
            kind: isNetwork ? 'network' : 'script',
            rhythm: check.rhythm,
            startDelayMs: check.startDelayMs,
            probe,
            record(probed) {
              const record = isNetwork ? judged(name, check, probed) : probed;
              const { verdict, durationMs } = record;
              log.debug(() => [
                { backend: name, check: check.name, durationMs, ...verdict },
                `${key}: ${verdict.kind}`,
              ]);
              if (verdict.kind === 'inconclusive' && isNodeProblem(verdict)) {
                const detail = `${key}: ${verdict.detail}`;
                problems.note(verdict.reason, detail, slowestMs(check.rhythm));
              }
              const streak = deps.record(name, check.name, record);
              watch?.probed(verdict);
              return streak;
            },
          });
        }
      }
      for (const [key, one] of probes) if (next.get(key)?.probe !== one.probe) close(one);
      probes = next;
      routes.keep(overNetwork);
      return jobs;
    },
    isWatched: (key) => probes.get(key)?.watch?.isHeld ?? null,
    close() {
      for (const one of probes.values()) close(one);
      probes.clear();
    },
  };
}

function withoutKeepAlive(check: CheckConfig): CheckConfig {
  return check.type === 'http' ? { ...check, keepAlive: false } : check;
}

interface Entry {
  readonly fingerprint: string;
  readonly probe: Probe;
  readonly watch: Watch | null;
}

function watchOf(
  { clock, budget, hurry }: JobBookDeps,
  key: string,
  check: CheckConfig,
  { endpoint }: Probe,
): Watch | null {
  if (check.type === 'script' || !check.watch || endpoint === null) return null;
  return new Watch(
    {
      clock,
      budget,
      open: (listeners) => openIdleConnection(endpoint, listeners),
      hurry: (inMs) => hurry(key, inMs),
    },
    check.rhythm,
  );
}
