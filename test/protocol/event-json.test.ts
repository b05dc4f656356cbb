import { expect, test } from 'vitest';
import { backendName, poolName } from '../../src/core/names.ts';
import type { HfmEvent } from '../../src/events/event.ts';
import { eventJson, eventOf } from '../../src/protocol/event-json.ts';

const AT_MS = Date.UTC(2026, 10, 20, 16, 32, 20, 457);
const AT = '2026-11-20T16:32:20.457Z';
const WEB = { pool: poolName('web'), table: 'web', anchor: null };

const DOWN: HfmEvent = {
  kind: 'health',
  backend: backendName('lb1'),
  from: 'up',
  to: 'down',
  check: 'http',
  reason: 'connect-refused',
  detail: 'connection refused',
  count: '3 of 3',
  lastedMs: 192_000,
};

test('an event has its number, its time and its fields in snake_case', () => {
  const { lastedMs, ...others } = DOWN;
  expect(eventJson({ seq: 7, atMs: AT_MS, event: DOWN })).toMatchObject({
    ...others,
    seq: 7,
    at: AT,
    lasted_ms: 192_000,
  });
});

const RENAMED: readonly (readonly [string, HfmEvent, object])[] = [
  ['lastedMs', DOWN, { lasted_ms: 192_000, lastedMs: 192_000 }],
  [
    'untilMs',
    { kind: 'admin', name: 'lb1', from: 'ready', to: 'maint', by: null, reason: null, untilMs: 5 },
    { until_ms: 5, untilMs: 5 },
  ],
  [
    'durationMs',
    { kind: 'table', ...WEB, added: ['10.2.1.11'], removed: [], durationMs: 4 },
    { duration_ms: 4, durationMs: 4, added: ['10.2.1.11'] },
  ],
  ['afterMs', { kind: 'table-ok', ...WEB, afterMs: 9 }, { after_ms: 9, afterMs: 9 }],
  ['inUse', { kind: 'fallback', pool: WEB.pool, inUse: true }, { in_use: true, inUse: true }],
];

test.each(RENAMED)('%s stays beside its new name for one release', (_, event, keys) => {
  expect(eventJson({ seq: 1, atMs: AT_MS, event })).toMatchObject(keys);
});

test.each(RENAMED)('what was sent with %s is read back', (_, event) => {
  const { seq, at, ...read } = eventOf(JSON.stringify(eventJson({ seq: 1, atMs: AT_MS, event })));
  expect({ seq, at }).toEqual({ seq: 1, at: AT });
  expect(read).toEqual(event);
});

test.each(RENAMED)('%s alone, as hfmd 0.1.0 sends it, is read', (_, event) => {
  expect(eventOf(JSON.stringify({ seq: 1, ...event, at: AT }))).toEqual({
    seq: 1,
    at: AT,
    ...event,
  });
});

test('snake_case alone, as the hfmd after this one sends it, is read', () => {
  const { lastedMs, ...others } = DOWN;
  const line = JSON.stringify({ seq: 1, ...others, lasted_ms: lastedMs, at: AT });
  expect(eventOf(line)).toEqual({ seq: 1, at: AT, ...DOWN });
});
