import { expect, test } from 'vitest';
import { auditSources } from '../../src/audit/source-audit.ts';
import { address, backend, check } from '../fakes/config.ts';

const carp =
  (...moving: string[]) =>
  async () =>
    new Set(moving);

function probing(name: string, source: string | null) {
  return backend(
    name,
    {},
    { checks: [check({ name: 'http', source: source === null ? null : address(source) })] },
  );
}

test('a source that CARP moves is one warning, however many backends use it', async () => {
  const backends = [probing('lb1', '10.2.1.1'), probing('lb2', '10.2.1.1')];
  expect(await auditSources(carp('10.2.1.1', '192.0.2.10'), backends)).toEqual([
    "check http: its source 10.2.1.1 is a CARP address, and on the backup the answers go to the master; use one of this node's own",
  ]);
});

test("one of the node's own addresses is no warning", async () => {
  expect(await auditSources(carp('10.2.1.1'), [probing('lb1', '10.2.1.2')])).toEqual([]);
});

test('without a source the system is not asked', async () => {
  const asked = () => Promise.reject(new Error('asked'));
  expect(await auditSources(asked, [probing('lb1', null)])).toEqual([]);
});
