import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { PfErrorKind } from '../../src/pf/driver.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { createFakePf, type Fault } from '../fakes/pf.ts';
import {
  configOf,
  History,
  NAMES,
  RESYNC_MS,
  type Shape,
  SLOWEST_MS,
  type Step,
  TABLES,
  type VerdictKind,
} from './history.ts';

const shape: fc.Arbitrary<Shape> = fc.record({
  pools: fc.record({
    web: fc.constantFrom('web', 'web', 'www', null),
    mail: fc.constantFrom('mail', 'mail', null),
  }),
  floors: fc.record({ web: fc.integer({ min: 0, max: 2 }), mail: fc.integer({ min: 0, max: 2 }) }),
  fallback: fc.boolean(),
  members: fc.subarray([...NAMES]).chain((names) =>
    fc.tuple(
      ...names.map((name) =>
        fc.record({
          name: fc.constant(name),
          web: fc.constantFrom(true, true, false),
          mail: fc.boolean(),
          mode: fc.constantFrom('check', 'check', 'check', 'check', 'off', 'up', 'down'),
        }),
      ),
    ),
  ),
});

const ERRORS: readonly PfErrorKind[] = [
  'permission',
  'hung',
  'killed',
  'unexpected-output',
  'missing-program',
];

const fault: fc.Arbitrary<Fault | null> = fc.oneof(
  fc.constant(null),
  fc.record({ kind: fc.constant('error' as const), error: fc.constantFrom(...ERRORS) }),
  fc.record({ kind: fc.constant('done-but-error' as const), error: fc.constantFrom(...ERRORS) }),
  fc.constant({ kind: 'ignored' as const }),
  fc.constant({ kind: 'hang' as const }),
  fc.record({ kind: fc.constant('slow' as const), ms: fc.constantFrom(1, 5, 300, SLOWEST_MS) }),
);

const verdicts: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('verdicts' as const),
  name: fc.constantFrom(...NAMES),
  verdicts: fc.oneof(
    fc.constantFrom<readonly VerdictKind[]>(['fail', 'fail', 'fail'], ['pass', 'pass']),
    fc.array(fc.constantFrom<VerdictKind>('pass', 'fail', 'fail', 'inconclusive'), {
      maxLength: 4,
    }),
  ),
});

const wait: fc.Arbitrary<Step> = fc.record({
  kind: fc.constant('wait' as const),
  ms: fc.constantFrom(0, 1, 3, 200, RESYNC_MS + 1, 20_000),
});

/** What pf, its other users and a kill -9 may do. */
const faults: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('fault' as const),
      operation: fc.constantFrom('show', 'add', 'remove', 'all'),
      fault,
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'release' as const }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant('drift' as const),
      table: fc.constantFrom(...TABLES),
      kept: fc.integer({ min: 0, max: 0xffff }),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ kind: fc.constant('drop' as const), table: fc.constantFrom(...TABLES) }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: 'restart' as const }) },
);

const requests: fc.Arbitrary<Step> = fc.oneof(
  fc.record({
    kind: fc.constant('override' as const),
    name: fc.oneof(fc.constantFrom(...NAMES), fc.constantFrom('web/n0', 'mail/n1', 'www/n2')),
    state: fc.constantFrom('ready', 'ready', 'drain', 'maint', 'force-up'),
  }),
  fc.record({ kind: fc.constant('reload' as const), shape }),
);

const bits = fc.array(fc.nat({ max: 0xff }), { minLength: 2, maxLength: 2 });

/** How many histories; more of them on demand. */
const numRuns = Number(process.env.HFM_TEST_RUNS ?? 500);

async function play(first: Shape, held: readonly number[], steps: readonly Step[]): Promise<void> {
  const clock = createFakeClock();
  const history = new History(clock, createFakePf(clock), configOf(first));
  await history.start(held);
  for (const one of steps) await history.play(one);
  await history.endFaults();
  history.verify();
  expect(history.problems).toEqual([]);
}

test('whatever happens, every table converges once the faults stop, and no member leaves without cause', async () => {
  const step = fc.oneof(
    { weight: 8, arbitrary: verdicts },
    { weight: 6, arbitrary: wait },
    { weight: 4, arbitrary: faults },
    { weight: 2, arbitrary: requests },
  );
  const steps = fc.array(step, { maxLength: 50 });
  await fc.assert(fc.asyncProperty(shape, bits, steps, play), { numRuns });
});

test('by health alone no member leaves before fall failures, and no pool goes below its floor', async () => {
  const fixed: fc.Arbitrary<Shape> = fc.record({
    pools: fc.constant({ web: 'web', mail: 'mail' }),
    floors: fc.record({ web: fc.integer({ min: 0, max: 3 }), mail: fc.constantFrom(0, 1) }),
    fallback: fc.constant(false),
    members: fc.constant(
      NAMES.map((name) => ({ name, web: true, mail: name !== 'n3', mode: 'check' as const })),
    ),
  });
  const step = fc.oneof(
    { weight: 8, arbitrary: verdicts },
    { weight: 6, arbitrary: wait },
    { weight: 2, arbitrary: faults },
  );
  const steps = fc.array(step, { maxLength: 50 });
  await fc.assert(fc.asyncProperty(fixed, bits, steps, play), { numRuns });
});

test('a member that another program has just taken out still has its fall failures', async () => {
  const members = NAMES.map((name) => {
    return { name, web: true, mail: name !== 'n3', mode: 'check' as const };
  });
  const pools = { web: 'web', mail: 'mail' };
  const emptied: Shape = { pools, floors: { web: 0, mail: 0 }, fallback: false, members };
  await play(
    emptied,
    [0, 19],
    [
      { kind: 'drift', table: 'mail', kept: 0 },
      { kind: 'verdicts', name: 'n1', verdicts: ['pass', 'pass'] },
      { kind: 'verdicts', name: 'n1', verdicts: ['fail', 'fail', 'fail'] },
      { kind: 'verdicts', name: 'n3', verdicts: ['fail', 'fail', 'fail'] },
      { kind: 'verdicts', name: 'n0', verdicts: ['fail'] },
    ],
  );
});
