import type { Config } from '../config/config.ts';
import type { BackendName } from '../core/names.ts';
import { isNodeProblem } from '../core/verdict.ts';
import { createProbe } from '../probes/create-probe.ts';
import type { Probe } from '../probes/probe.ts';
import type { Clock } from '../sys/clock.ts';
import type { RunScript } from '../sys/exec.ts';
import type { Log } from '../sys/log.ts';
import type { Controller } from './controller.ts';
import { checkFingerprint, isProbed } from './live.ts';
import type { NodeProblems } from './node-problems.ts';
import { createRouteJudge } from './route-judge.ts';
import type { Job, Limits } from './scheduler.ts';

/** The jobs that a configuration and the operator's words ask for, each with its probe. */
export interface JobBook {
  /** The jobs of now. A probe is kept as long as its check stays the same. */
  jobs(): Job[];
  close(): void;
}

export interface JobBookDeps {
  readonly clock: Clock;
  readonly runScript: RunScript;
  readonly controller: Controller;
  readonly problems: NodeProblems;
  readonly log: Log;
}

export function createJobBook(deps: JobBookDeps): JobBook {
  const { clock, runScript, controller, problems, log } = deps;
  const routes = createRouteJudge(clock);
  let probes = new Map<string, { fingerprint: string; probe: Probe }>();
  return {
    jobs() {
      const { live } = controller;
      const next: typeof probes = new Map();
      const jobs: Job[] = [];
      const overNetwork = new Set<BackendName>();
      for (const backend of live.backends.values()) {
        if (!isProbed(live, backend)) continue;
        const { name, address } = backend.config;
        for (const { config: check } of backend.checks) {
          if (check.mode !== 'check') continue;
          const key = `${name}/${check.name}`;
          const isNetwork = check.type !== 'script';
          if (isNetwork) overNetwork.add(name);
          const fingerprint = `${address} ${checkFingerprint(check)}`;
          const known = probes.get(key);
          const kept = known?.fingerprint === fingerprint ? known : null;
          const entry = kept ?? {
            fingerprint,
            probe: createProbe({ runScript }, backend.config, check),
          };
          next.set(key, entry);
          jobs.push({
            key,
            kind: isNetwork ? 'network' : 'script',
            rhythm: check.rhythm,
            startDelayMs: check.startDelayMs,
            probe: entry.probe,
            record(probed) {
              const record = isNetwork
                ? { ...probed, verdict: routes.judge(name, probed.verdict, probed.durationMs) }
                : probed;
              const { verdict, durationMs } = record;
              log.debug(
                { backend: name, check: check.name, ...verdict, durationMs },
                `${key}: ${verdict.kind}`,
              );
              if (verdict.kind === 'inconclusive' && isNodeProblem(verdict)) {
                problems.note(verdict.reason, `${key}: ${verdict.detail}`);
              }
              return controller.record(name, check.name, record);
            },
          });
        }
      }
      for (const [key, { probe }] of probes) if (next.get(key)?.probe !== probe) probe.close();
      probes = next;
      routes.keep(overNetwork);
      return jobs;
    },
    close() {
      for (const { probe } of probes.values()) probe.close();
      probes.clear();
    },
  };
}

/** Hanging backends must not keep the others from being probed: by default every probe has a place. */
export function limitsOf({ backends, daemon }: Config): Limits {
  const network = backends
    .flatMap(({ checks }) => checks)
    .filter(({ type }) => type !== 'script').length;
  return { network: daemon.maxProbes ?? Math.max(1, network), scripts: daemon.maxScripts };
}
