import { expect, test } from 'vitest';
import { backendName, poolName } from '../../src/core/names.ts';
import { CATALOGUE, type EventLevel } from '../../src/events/catalogue.ts';
import { eventLevel, eventText, type HfmEvent } from '../../src/events/event.ts';
import { addresses } from '../fakes/config.ts';

const web = { pool: poolName('web'), table: 'haproxy-int', anchor: null };
const lb1 = backendName('lb1');

/** Of each kind, and of each case of its sentence or its level: the event, its level, its sentence. */
const EVENTS: readonly (readonly [HfmEvent, EventLevel, string])[] = [
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
    'warn',
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
    'info',
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
    'info',
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
    'info',
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
    'info',
    'web <haproxy-int>: added 10.0.0.2, removed 10.0.0.1 fd00::1 in 4 ms',
  ],
  [
    { kind: 'table', ...web, pool: null, added: [], removed: ['10.0.0.1'], durationMs: 12 },
    'info',
    '<haproxy-int>: removed 10.0.0.1 in 12 ms',
  ],
  [
    { kind: 'drift', ...web, missing: ['10.0.0.1'], surplus: ['10.0.0.2'] },
    'warn',
    'web <haproxy-int>: changed by somebody else (missing 10.0.0.1, too much 10.0.0.2), put right',
  ],
  [
    { kind: 'table-error', ...web, error: 'pfctl exited 1: no' },
    'error',
    'web <haproxy-int>: not proven: pfctl exited 1: no',
  ],
  [
    { kind: 'table-ok', ...web, afterMs: 61_000 },
    'info',
    'web <haproxy-int>: proven again after 1m01s',
  ],
  [
    { kind: 'held', pool: web.pool, backend: lb1, addresses: addresses('10.0.0.1') },
    'warn',
    'web/lb1: would leave, held in service by min_in_service',
  ],
  [
    { kind: 'held', pool: web.pool, backend: lb1, addresses: [] },
    'warn',
    'web/lb1: no longer held by min_in_service',
  ],
  [
    { kind: 'fallback', pool: web.pool, inUse: true },
    'warn',
    'web: nothing in service, fallback in',
  ],
  [{ kind: 'fallback', pool: web.pool, inUse: false }, 'warn', 'web: fallback out'],
  [
    { kind: 'reload', ok: false, errors: ['a:1: x', 'a:2: y'] },
    'error',
    'reload refused, the running configuration goes on; a:1: x (and 1 more)',
  ],
  [{ kind: 'reload', ok: true, errors: [] }, 'info', 'configuration reloaded'],
  [
    { kind: 'action', action: 'notify', backend: lb1, ok: false, detail: 'exit 3', durationMs: 1 },
    'error',
    'lb1: action notify: exit 3',
  ],
  [
    { kind: 'asks-drain', backend: lb1, active: true, detail: '404' },
    'info',
    'lb1: asks to be drained (404)',
  ],
  [
    { kind: 'asks-drain', backend: lb1, active: false, detail: '200' },
    'info',
    'lb1: asks for traffic again (200)',
  ],
  [
    { kind: 'contested', ...web, active: true, drifts: 3 },
    'error',
    'web <haproxy-int>: another program keeps changing it (3 times), and hfm puts it right each time',
  ],
  [
    { kind: 'contested', ...web, active: false, drifts: 9 },
    'info',
    'web <haproxy-int>: no longer changed by another program, after 9 changes',
  ],
  [
    { kind: 'ended', pool: web.pool, address: '10.0.0.1', what: 'sources', count: 2 },
    'info',
    'web: ended 2 sticky clients that still led to 10.0.0.1',
  ],
  [
    { kind: 'ended', pool: null, address: '10.0.0.1', what: 'states', count: 7 },
    'info',
    'retired: ended 7 states that still led to 10.0.0.1',
  ],
  [{ kind: 'warning', message: 'no rule uses it' }, 'warn', 'no rule uses it'],
  [
    { kind: 'node-problem', problem: 'stalled', detail: 'late', active: true, count: 1 },
    'error',
    'this node has a problem: stalled: late',
  ],
  [
    { kind: 'node-problem', problem: 'stalled', detail: 'late', active: false, count: 4 },
    'info',
    "this node's problem is over: stalled, it was seen 4 times",
  ],
  [
    { kind: 'start', version: '1', file: '/hfm.toml', driver: 'pfctl', backends: 2, pools: 1 },
    'info',
    'hfmd started: version 1, /hfm.toml, 2 backends, 1 pools, driver pfctl',
  ],
  [{ kind: 'stop' }, 'info', 'hfmd stops, the tables stay as they are'],
];

test.each(EVENTS)('%j is %s: %s', (event, level, line) => {
  expect(eventLevel(event)).toBe(level);
  expect(eventText(event)).toBe(line);
});

test('each kind of the catalogue is tried here', () => {
  const tried = new Set(EVENTS.map(([{ kind }]) => kind));
  expect([...tried].toSorted()).toEqual(Object.keys(CATALOGUE).toSorted());
});
