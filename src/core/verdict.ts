/** Why a probe failed. The list is closed, so that scripts and dashboards can rely on it. */
export const FAIL_REASONS = [
  'connect-refused',
  'connect-timeout',
  'connect-error',
  'no-route',
  'tls-verify',
  'tls-error',
  'tls-timeout',
  'read-timeout',
  'connection-closed',
  'protocol-error',
  'http-status',
  'body-mismatch',
  'expect-mismatch',
  'script-exit',
  'script-signal',
  'script-timeout',
  'deadline',
] as const;

export type FailReason = (typeof FAIL_REASONS)[number];

/** Why a probe says nothing about its backend: a fault of this node, or a script that said "unknown". */
export const INCONCLUSIVE_REASONS = [
  'stalled',
  'no-descriptors',
  'blocked-by-pf',
  'source-address',
  'no-route',
  'script-not-started',
  'script-lost',
  'script-unknown',
  'internal-error',
] as const;

export type InconclusiveReason = (typeof INCONCLUSIVE_REASONS)[number];

/**
 * The outcome of one probe. `detail` is one line for people. All kinds have the same fields in the same
 * order, and so one hidden class in V8: the first failures, perhaps a thousand at once, cost no more
 * than passes.
 */
export type Verdict =
  | {
      readonly kind: 'pass';
      readonly reason?: undefined;
      readonly detail: string;
      /** The backend is healthy and asks to be drained (`drain_status`). */
      readonly asksDrain?: true | undefined;
    }
  | (NoPass & { readonly kind: 'fail'; readonly reason: FailReason })
  | (NoPass & { readonly kind: 'inconclusive'; readonly reason: InconclusiveReason });

interface NoPass {
  readonly detail: string;
  readonly asksDrain?: undefined;
}

export function pass(detail: string, asksDrain?: true): Verdict {
  return { kind: 'pass', reason: undefined, detail, asksDrain };
}

export function fail(reason: FailReason, detail: string): Verdict {
  return { kind: 'fail', reason, detail, asksDrain: undefined };
}

export function inconclusive(reason: InconclusiveReason, detail: string): Verdict {
  return { kind: 'inconclusive', reason, detail, asksDrain: undefined };
}

/** Whether this node itself is at fault, so that `status` must show a node problem. */
export function isNodeProblem(verdict: Verdict): boolean {
  return verdict.kind === 'inconclusive' && verdict.reason !== 'script-unknown';
}
