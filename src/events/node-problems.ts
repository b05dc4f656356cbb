import type { Clock } from '../sys/clock.ts';
import type { HfmEvent } from './event.ts';

/** Something that is wrong with this node itself, such as its own pf blocking the probes. */
interface NodeProblem {
  readonly kind: string;
  /** The last one's words. */
  readonly detail: string;
  readonly count: number;
  /** Wall time. */
  readonly sinceMs: number;
  readonly lastMs: number;
}

/** Gathers them: one event when a problem begins and one when it is over, with the count. */
export interface NodeProblems {
  /** Whoever has seen it looks again within `againMs`; until then it is not over. */
  note(kind: string, detail: string, againMs?: number): void;
  /** Ends what has not been seen for a while. Call about once a second. */
  sweep(): void;
  readonly active: readonly NodeProblem[];
  /** The same, as `status` tells them. */
  problems(): readonly string[];
}

const QUIET_MS = 15_000;

export function createNodeProblems(clock: Clock, emit: (event: HfmEvent) => void): NodeProblems {
  const problems = new Map<string, NodeProblem & { overMs: number }>();
  const tell = ({ kind, detail, count }: NodeProblem, active: boolean): void =>
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
      if (known === undefined) tell(problem, true);
    },
    sweep() {
      const nowMs = clock.monotonicMs();
      for (const [kind, problem] of problems) {
        if (nowMs < problem.overMs) continue;
        problems.delete(kind);
        tell(problem, false);
      }
    },
    get active() {
      return [...problems.values()].map(({ overMs: _, ...problem }) => problem);
    },
    problems: () =>
      [...problems.values()].map(({ kind, detail }) => `this node: ${kind}: ${detail}`),
  };
}
