import { expect, test } from 'vitest';
import { backendName, poolName } from '../../src/core/names.ts';
import type { HfmEvent } from '../../src/events/event.ts';
import { eventText } from '../../src/events/event-text.ts';
import { addresses } from '../fakes/config.ts';

const web = { pool: poolName('web'), table: 'haproxy-int', anchor: null };
const lb1 = backendName('lb1');

const LINES: readonly [HfmEvent, string][] = [
  [
    {
      kind: 'health',
      backend: lb1,
      from: 'up',
      to: 'down',
      check: 'http',
      reason: 'connect-refused',
      detail: 'connection refused',
      count: '3 of 3',
      lastedMs: 192_000,
    },
    'lb1: up -> down (connect-refused, 3 of 3, after 3m12s)',
  ],
  [
    {
      kind: 'health',
      backend: lb1,
      from: 'unknown',
      to: 'up',
      check: null,
      reason: null,
      detail: 'by configuration',
      count: null,
      lastedMs: 0,
    },
    'lb1: unknown -> up (by configuration)',
  ],
  [
    {
      kind: 'admin',
      name: 'web/lb1',
      from: 'ready',
      to: 'drain',
      by: 'anna',
      reason: 'haproxy reload',
      untilMs: null,
    },
    'web/lb1: ready -> drain by anna (haproxy reload)',
  ],
  [
    {
      kind: 'admin',
      name: 'lb1',
      from: 'drain',
      to: 'ready',
      by: null,
      reason: null,
      untilMs: null,
    },
    'lb1: drain -> ready',
  ],
  [
    {
      kind: 'table',
      ...web,
      added: ['10.0.0.2'],
      removed: ['10.0.0.1', 'fd00::1'],
      durationMs: 4.4,
    },
    'web <haproxy-int>: added 10.0.0.2, removed 10.0.0.1 fd00::1 in 4 ms',
  ],
  [
    { kind: 'table', ...web, pool: null, added: [], removed: ['10.0.0.1'], durationMs: 12 },
    '<haproxy-int>: removed 10.0.0.1 in 12 ms',
  ],
  [
    { kind: 'drift', ...web, missing: ['10.0.0.1'], surplus: ['10.0.0.2'] },
    'web <haproxy-int>: changed by somebody else (missing 10.0.0.1, too much 10.0.0.2), put right',
  ],
  [
    { kind: 'table-error', ...web, error: 'pfctl exited 1: no' },
    'web <haproxy-int>: not proven: pfctl exited 1: no',
  ],
  [{ kind: 'table-ok', ...web, afterMs: 61_000 }, 'web <haproxy-int>: proven again after 1m01s'],
  [
    { kind: 'held', pool: web.pool, backend: lb1, addresses: addresses('10.0.0.1') },
    'web/lb1: would leave, held in service by min_in_service',
  ],
  [
    { kind: 'held', pool: web.pool, backend: lb1, addresses: [] },
    'web/lb1: no longer held by min_in_service',
  ],
  [{ kind: 'fallback', pool: web.pool, inUse: true }, 'web: nothing in service, fallback in'],
  [{ kind: 'fallback', pool: web.pool, inUse: false }, 'web: fallback out'],
  [
    { kind: 'reload', ok: false, errors: ['a:1: x', 'a:2: y'] },
    'reload refused, the running configuration goes on; a:1: x (and 1 more)',
  ],
  [{ kind: 'reload', ok: true, errors: [] }, 'configuration reloaded'],
  [
    { kind: 'action', action: 'notify', backend: lb1, ok: false, detail: 'exit 3', durationMs: 1 },
    'lb1: action notify: exit 3',
  ],
  [{ kind: 'stop' }, 'hfmd stops, the tables stay as they are'],
];

test.each(LINES)('%j reads %s', (event, line) => {
  expect(eventText(event)).toBe(line);
});
