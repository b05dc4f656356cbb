import { describe, expect, test } from 'vitest';
import { auditTables } from '../../src/audit/table-audit.ts';
import type { PfDriver, PfErrorKind } from '../../src/pf/driver.ts';
import type { TableInfo } from '../../src/pf/table-listing.ts';
import { createFakeClock } from '../fakes/clock.ts';
import { pool } from '../fakes/config.ts';
import { createFakePf } from '../fakes/pf.ts';

const USED = (table: string): TableInfo => ({ table, isConst: false, isUsed: true });
const UNUSED = (table: string): TableInfo => ({ table, isConst: false, isUsed: false });

/** pf whose anchors ('' is the main ruleset) have these tables, or give that error. */
function pfWith(anchors: Record<string, readonly TableInfo[] | PfErrorKind>): PfDriver {
  return {
    ...createFakePf(createFakeClock()),
    async tables(anchor) {
      const found = anchors[anchor ?? ''];
      if (typeof found === 'object') return { ok: true, value: found };
      const kind = found ?? 'missing-table';
      return { ok: false, error: { kind, message: `pf says ${kind}` } };
    },
  };
}

describe('a table', () => {
  test('that rules use is no warning', async () => {
    expect(await auditTables(pfWith({ '': [USED('web')] }), [pool('web')])).toEqual({
      warnings: [],
      error: null,
    });
  });

  test('that no rule uses is a warning, which names the used one that is like it', async () => {
    const pf = pfWith({ '': [UNUSED('weeb'), USED('web'), USED('mail')] });
    const { warnings } = await auditTables(pf, [pool('p', { table: 'weeb' })]);
    expect(warnings).toEqual(['p: table <weeb> is used by no rule; did you mean <web>?']);
  });

  test('that no rule uses, with no other like it', async () => {
    const { warnings } = await auditTables(pfWith({ '': [UNUSED('web')] }), [pool('web')]);
    expect(warnings).toEqual(['web: table <web> is used by no rule']);
  });

  test('that is const is a warning', async () => {
    const pf = pfWith({ '': [{ table: 'web', isConst: true, isUsed: true }] });
    const { warnings } = await auditTables(pf, [pool('web')]);
    expect(warnings).toEqual(['web: table <web> is const: pf refuses to change it']);
  });

  test('that does not exist is a warning, except where hfm may make it', async () => {
    const pf = pfWith({ '': [USED('web')] });
    const { warnings } = await auditTables(pf, [
      pool('a', { table: 'wb' }),
      pool('b', { table: 'new', create: true }),
    ]);
    expect(warnings).toEqual(['a: table <wb> does not exist; did you mean <web>?']);
  });

  test('is looked up in its own anchor', async () => {
    const pf = pfWith({ '': [USED('web')], hfm: [UNUSED('web')] });
    const { warnings } = await auditTables(pf, [
      pool('a', { table: 'web' }),
      pool('b', { table: 'web', anchor: 'hfm' }),
    ]);
    expect(warnings).toEqual(['b: table <web> in anchor hfm is used by no rule']);
  });

  test('in an anchor that is not there does not exist', async () => {
    const { warnings, error } = await auditTables(pfWith({}), [pool('a', { anchor: 'nope' })]);
    expect(warnings).toEqual(['a: table <a> in anchor nope does not exist']);
    expect(error).toBe(null);
  });
});

test('a pf that can not be read gives no warning, but its error', async () => {
  const { warnings, error } = await auditTables(pfWith({ '': 'permission' }), [pool('web')]);
  expect([warnings, error?.kind]).toEqual([[], 'permission']);
});
