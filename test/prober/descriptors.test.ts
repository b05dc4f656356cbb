import { describe, expect, test } from 'vitest';
import { planDescriptors, readDescriptorLimit } from '../../src/prober/descriptors.ts';
import { systemExec } from '../../src/process/system-exec.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { backend, check, config } from '../fakes/config.ts';
import { createFakeExec, exits, notStarted } from '../fakes/exec.ts';
import { httpCheck } from '../probes/fixtures/checks.ts';

describe('the limit of open files', () => {
  test('is that of this process', async () => {
    const limit = await readDescriptorLimit(systemExec);
    expect(limit).toBeGreaterThan(0);
  });

  test.for([
    [exits(0, { stdout: '512\n' }), 512],
    [exits(0, { stdout: 'unlimited\n' }), Number.POSITIVE_INFINITY],
    [exits(0, { stdout: 'what?\n' }), null],
    [exits(1, { stdout: '512\n' }), null],
    [notStarted('EMFILE', 'none left'), null],
  ] as const)('%#', async ([answer, limit]) => {
    const clock = createFakeClock();
    const fake = createFakeExec(clock);
    fake.answer(answer);
    const read = readDescriptorLimit(fake.exec);
    await clock.advance(0);
    expect(await read).toBe(limit);
  });
});

describe('the plan for descriptors', () => {
  const many = (count: number, watch: boolean) =>
    config(
      [],
      Array.from({ length: count }, (_, i) =>
        backend(`lb${i}`, {}, { checks: [check({ watch })] }),
      ),
    );

  test('has one for every network check, and one for every watch', () => {
    const plan = planDescriptors(many(100, true), 1024);
    const limits = { network: 100, scripts: 32 };
    const fits = { keepsAlive: true, warning: null };
    expect(plan).toEqual({ limits, watches: 100, spare: 696, ...fits });
    const spare = Number.POSITIVE_INFINITY;
    expect(planDescriptors(many(100, true), null)).toEqual({ ...plan, spare });
  });

  test('leaves more to watches with max_probes', () => {
    const { daemon, ...rest } = many(500, true);
    const plan = planDescriptors({ ...rest, daemon: { ...daemon, maxProbes: 50 } }, 1024);
    expect(plan).toMatchObject({ limits: { network: 50 }, watches: 500, warning: null });
  });

  test('gives too few to probes first, with a warning', () => {
    expect(planDescriptors(many(500, true), 1024)).toEqual({
      limits: { network: 500, scripts: 32 },
      watches: 396,
      keepsAlive: true,
      spare: 0,
      warning:
        '1024 files may be open at once, 1128 may be needed: until the limit is raised (see hfmd(8)), 500 of 500 probes run at once, and 396 of 500 checks are watched',
    });
    expect(planDescriptors(many(500, false), 256)).toMatchObject({
      limits: { network: 128 },
      watches: 0,
      warning: expect.stringContaining('128 of 500 probes run at once'),
    });
    expect(planDescriptors(many(50, false), 60)).toMatchObject({ limits: { network: 30 } });
    expect(planDescriptors(many(5, false), 1)).toMatchObject({ limits: { network: 1 } });
  });

  test('keeps connections alive when all can be, and warns when not', () => {
    const { daemon, ...rest } = config(
      [],
      Array.from({ length: 300 }, (_, i) =>
        backend(`lb${i}`, {}, { checks: [httpCheck('http://10.9.9.9/', { keepAlive: true })] }),
      ),
    );
    const few = { ...rest, daemon: { ...daemon, maxProbes: 50 } };
    expect(planDescriptors({ ...rest, daemon }, 1024)).toMatchObject({
      limits: { network: 300 },
      keepsAlive: true,
      spare: 596,
      warning: null,
    });
    expect(planDescriptors(few, 1024)).toMatchObject({
      limits: { network: 50 },
      keepsAlive: true,
      spare: 596,
      warning: null,
    });
    expect(planDescriptors(few, 400)).toMatchObject({
      limits: { network: 50 },
      keepsAlive: false,
      spare: 222,
      warning:
        '400 files may be open at once, 428 may be needed: until the limit is raised (see hfmd(8)), 50 of 50 probes run at once, and no connection is kept alive',
    });
  });

  test('has none for a check that is off', () => {
    const off = config([], [backend('lb1', {}, { checks: [check({ mode: 'off', watch: true })] })]);
    expect(planDescriptors(off, 1024)).toMatchObject({ limits: { network: 1 }, watches: 0 });
  });
});
