import type { Clock } from '../sys/clock.ts';
import type { HfmEvent } from './event.ts';

/** A fault of this node itself, such as its own pf blocking the probes. */
interface NodeProblem {
  readonly kind: string;
  /** From the last time it was noted. */
  readonly detail: string;
  readonly count: number;
  /** Wall time. */
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** Keeps the problems: one event when a problem begins and one when it is over, with the count. */
export interface NodeProblems {
  /** The caller checks again within `againMs`; until then the problem is not over. */
  note(kind: string, detail: string, againMs?: number): void;
  /** Ends the problems that were not noted for `QUIET_MS`. Call it about once a second. */
  sweep(): void;
  readonly active: readonly NodeProblem[];
  /** The same, as `status` tells them. */
  problems(): readonly string[];
}

const QUIET_MS = 15_000;

export function createNodeProblems(clock: Clock, emit: (event: HfmEvent) => void): NodeProblems {
  const problems = new Map<string, NodeProblem & { overMs: number }>();
  const emitProblem = ({ kind, detail, count }: NodeProblem, active: boolean): void =>
    emit({ kind: 'node-problem', problem: kind, detail, active, count });
  return {
    note(kind, detail, againMs = 0) {
      const known = problems.get(kind);
      const nowMs = clock.wallMs();
      const problem = {
        kind,
        detail,
        count: (known?.count ?? 0) + 1,
        sinceMs: known?.sinceMs ?? nowMs,
        lastMs: nowMs,
        overMs: Math.max(known?.overMs ?? 0, clock.monotonicMs() + againMs + QUIET_MS),
      };
      problems.set(kind, problem);
      if (known === undefined) emitProblem(problem, true);
    },
    sweep() {
      const nowMs = clock.monotonicMs();
      for (const [kind, problem] of problems) {
        if (nowMs < problem.overMs) continue;
        problems.delete(kind);
        emitProblem(problem, false);
      }
    },
    get active() {
      return [...problems.values()].map(({ overMs: _, ...problem }) => problem);
    },
    problems: () =>
      [...problems.values()].map(({ kind, detail }) => `this node: ${kind}: ${detail}`),
  };
}
