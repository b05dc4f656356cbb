import fc from 'fast-check';
import type { AdminState } from '../../src/core/override.ts';
import { NAMES, type Shape, shapes, TABLES, type Table } from './shape.ts';

/** How pfctl fails; `all` is every operation. */
export interface Fault {
  readonly on: 'show' | 'add' | 'remove' | 'replace' | 'sources' | 'all';
  readonly kind: FaultKind;
}

export type FaultKind =
  | 'permission'
  | 'missing-device'
  | 'refused'
  | 'killed'
  | 'unexpected-output'
  /** pfctl makes the change and is then killed. */
  | 'killed-after'
  /** pfctl reports success and changes nothing. */
  | 'ignored'
  /** No answer before the driver's deadline. */
  | 'hang'
  | 'slow';

/** One thing that happens to a firewall. */
export type Step =
  | {
      readonly kind: 'verdicts';
      readonly name: string;
      readonly verdict: 'pass' | 'fail' | 'inconclusive';
      readonly times: number;
    }
  /** The operator sets or removes an override; `scope` is `backend` or `pool/backend`. */
  | { readonly kind: 'override'; readonly scope: string; readonly state: AdminState }
  | { readonly kind: 'reload'; readonly shape: Shape }
  /** hfmd is killed: now, or before or during one of its next calls of pfctl. */
  | { readonly kind: 'crash'; readonly at: 'now' | 'before' | 'during'; readonly calls: number }
  | {
      readonly kind: 'restart';
      readonly disk: 'kept' | 'torn' | 'empty' | 'newer';
      /** The configuration, if it was edited while hfmd was stopped. */
      readonly shape: Shape | null;
    }
  | { readonly kind: 'fault'; readonly fault: Fault | null }
  | { readonly kind: 'drift'; readonly table: Table; readonly kept: number; readonly put: number }
  | { readonly kind: 'drop'; readonly table: Table }
  | { readonly kind: 'clients'; readonly table: Table; readonly name: string }
  | { readonly kind: 'wait'; readonly ms: number };

const name = fc.constantFrom(...NAMES);
const table = fc.constantFrom(...TABLES);

const faults: fc.Arbitrary<Fault> = fc.record({
  on: fc.constantFrom('show', 'add', 'remove', 'replace', 'sources', 'all'),
  kind: fc.constantFrom<FaultKind>(
    'permission',
    'missing-device',
    'refused',
    'killed',
    'unexpected-output',
    'killed-after',
    'ignored',
    'hang',
    // Slow calls are by far the most frequent.
    'slow',
    'slow',
    'slow',
  ),
});

/** Null in one case of four. */
function maybe<T>(one: fc.Arbitrary<T>): fc.Arbitrary<T | null> {
  return fc.oneof({ weight: 3, arbitrary: one }, { weight: 1, arbitrary: fc.constant(null) });
}

const STEPS: readonly [number, fc.Arbitrary<Step>][] = [
  [
    14,
    fc.record({
      kind: fc.constant('verdicts' as const),
      name,
      verdict: fc.constantFrom('pass', 'fail', 'fail', 'inconclusive'),
      times: fc.integer({ min: 1, max: 4 }),
    }),
  ],
  [
    7,
    fc.record({
      kind: fc.constant('wait' as const),
      ms: fc.constantFrom(0, 1, 3, 100, 1000, 5000, 20_000),
    }),
  ],
  [
    3,
    fc.record({
      kind: fc.constant('override' as const),
      scope: fc.oneof(name, fc.constantFrom('web/n0', 'mail/n1', 'www/n2', 'web/n3')),
      state: fc.constantFrom<AdminState>('ready', 'ready', 'drain', 'maint', 'force-up'),
    }),
  ],
  [2, fc.record({ kind: fc.constant('reload' as const), shape: shapes })],
  [
    2,
    fc.record({
      kind: fc.constant('crash' as const),
      at: fc.constantFrom('now', 'before', 'during'),
      calls: fc.integer({ min: 1, max: 4 }),
    }),
  ],
  [
    1,
    fc.record({
      kind: fc.constant('restart' as const),
      disk: fc.constantFrom('kept', 'kept', 'kept', 'kept', 'torn', 'empty', 'newer'),
      shape: maybe(shapes),
    }),
  ],
  [
    4,
    fc.record({
      kind: fc.constant('fault' as const),
      fault: maybe(faults),
    }),
  ],
  [
    2,
    fc.record({
      kind: fc.constant('drift' as const),
      table,
      kept: fc.integer({ min: 0, max: 0xffff }),
      put: fc.integer({ min: 0, max: 0xff }),
    }),
  ],
  [1, fc.record({ kind: fc.constant('drop' as const), table })],
  [2, fc.record({ kind: fc.constant('clients' as const), table, name })],
];

const steps: fc.Arbitrary<Step> = fc.oneof(
  ...STEPS.map(([weight, arbitrary]) => ({ weight, arbitrary })),
);

/** How a history begins, and the steps that follow. */
export interface Story {
  readonly first: Shape;
  /** A bit for each own address that a table holds before the first start. */
  readonly held: readonly number[];
  readonly steps: readonly Step[];
}

export function stories(maxSteps: number): fc.Arbitrary<Story> {
  return fc.record({
    first: shapes,
    held: fc.tuple(fc.nat({ max: 0xff }), fc.nat({ max: 0xff })),
    steps: fc.array(steps, { minLength: 3, maxLength: maxSteps, size: 'max' }),
  });
}
