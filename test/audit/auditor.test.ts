import { expect, test } from 'vitest';
import { createAuditor } from '../../src/audit/auditor.ts';
import type { PfDriver, PfErrorKind } from '../../src/pf/driver.ts';
import type { TableInfo } from '../../src/pf/table-listing.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { address, backend, check, config, pool } from '../fakes/config.ts';
import { recordEvents } from '../fakes/events.ts';
import { createFakePf } from '../fakes/pf.ts';

type Anchors = Record<string, readonly TableInfo[] | PfErrorKind>;

const USED: TableInfo = { table: 'web', isConst: false, isUsed: true };
const UNUSED: TableInfo = { table: 'web', isConst: false, isUsed: false };
const carpAddresses = async () => new Set(['10.2.1.1']);

/** pf whose main ruleset has these tables, or gives that error. */
function pfWith(anchors: Anchors): PfDriver {
  return {
    ...createFakePf(createFakeClock()),
    async tables() {
      const found = anchors[''];
      if (typeof found === 'object') return { ok: true, value: found };
      const kind = found ?? 'missing-table';
      return { ok: false, error: { kind, message: `pf says ${kind}` } };
    },
  };
}

test('a new warning is an event once; each minute the audit runs again', async () => {
  const clock = createFakeClock();
  const events = recordEvents();
  const anchors: Anchors = { '': [UNUSED] };
  const auditor = createAuditor(
    { driver: pfWith(anchors), carpAddresses, clock, emit: events.emit },
    () => config([pool('web')], [backend('lb1', { web: '10.2.1.11' })]),
  );
  auditor.run();
  await clock.advance(0);
  expect(auditor.warnings()).toEqual(['web: table <web> is used by no rule']);
  auditor.run();
  await clock.advance(180_000);
  expect(events.of('warning')).toHaveLength(1);

  anchors[''] = 'hung';
  await clock.advance(60_000);
  expect(auditor.warnings()).toHaveLength(1);
  anchors[''] = [USED];
  await clock.advance(60_000);
  expect(auditor.warnings()).toEqual([]);
  anchors[''] = [UNUSED];
  await clock.advance(60_000);
  expect(events.of('warning')).toHaveLength(2);
  auditor.stop();
  await clock.advance(1000);
  expect(clock.pending).toBe(0);
});

test('a source that CARP moves is a warning, also while pf can not be read', async () => {
  const clock = createFakeClock();
  const events = recordEvents();
  const lb1 = backend(
    'lb1',
    { web: '10.2.1.11' },
    { checks: [check({ source: address('10.2.1.1') })] },
  );
  const auditor = createAuditor(
    { driver: pfWith({ '': 'hung' }), carpAddresses, clock, emit: events.emit },
    () => config([pool('web')], [lb1]),
  );
  auditor.run();
  await clock.advance(0);
  expect(auditor.warnings()).toEqual([expect.stringContaining('10.2.1.1 is a CARP address')]);
  expect(events.of('warning')).toHaveLength(1);
  auditor.stop();
});

test('a right that the audit lacks is a warning', async () => {
  const clock = createFakeClock();
  const events = recordEvents();
  const driver = pfWith({ '': 'permission' });
  const auditor = createAuditor({ driver, carpAddresses, clock, emit: events.emit }, () =>
    config([pool('web')], []),
  );
  auditor.run();
  await clock.advance(60_000);
  expect(events.of('warning')).toMatchObject([
    { message: 'tables not checked: pf says permission' },
  ]);
  auditor.stop();
});

test('a missing pf.helper is a warning, also while pf does not answer', async () => {
  const clock = createFakeClock();
  const { emit } = recordEvents();
  const web = { ...pool('web'), killStates: 'down' } as const;
  const { pf, pools } = config([web], []);
  const pfctl = ['/usr/bin/doas', '-n', '/sbin/pfctl'];
  const driver = pfWith({ '': 'hung' });
  const auditor = createAuditor({ driver, carpAddresses, clock, emit }, () => {
    return { pf: { ...pf, driver: 'pfctl', pfctl }, pools, backends: [] };
  });
  auditor.run();
  await clock.advance(60_000);
  expect(auditor.warnings()).toEqual([expect.stringMatching(/^pf\.helper is not set, .*of web$/)]);
  auditor.stop();
});
