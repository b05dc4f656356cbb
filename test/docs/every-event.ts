import { backendName, poolName } from '../../src/core/names.ts';
import type { HfmEvent } from '../../src/events/event.ts';

const web = { pool: poolName('web'), table: 'web', anchor: null };
const lb1 = backendName('lb1');

/** One of each kind, as grave as it can be, in the order of the catalogue. */
export const EVERY_EVENT: readonly HfmEvent[] = [
  {
    kind: 'health',
    backend: lb1,
    from: 'up',
    to: 'down',
    check: 'http',
    reason: 'connect-refused',
    detail: '',
    count: '3 of 3',
    lastedMs: 0,
  },
  { kind: 'asks-drain', backend: lb1, active: true, detail: '' },
  {
    kind: 'admin',
    name: 'lb1',
    from: 'ready',
    to: 'maint',
    by: null,
    reason: null,
    untilMs: null,
  },
  { kind: 'table', ...web, added: [], removed: ['10.2.1.11'], durationMs: 4 },
  { kind: 'drift', ...web, missing: ['10.2.1.11'], surplus: [] },
  { kind: 'contested', ...web, active: true, drifts: 3 },
  { kind: 'table-error', ...web, error: 'no' },
  { kind: 'table-ok', ...web, afterMs: 1 },
  { kind: 'ended', pool: web.pool, address: '10.2.1.11', what: 'states', count: 2 },
  { kind: 'warning', message: 'no rule uses it' },
  { kind: 'held', pool: web.pool, backend: lb1, addresses: [] },
  { kind: 'fallback', pool: web.pool, inUse: true },
  { kind: 'node-problem', problem: 'stalled', detail: '', active: true, count: 1 },
  { kind: 'action', action: 'log', backend: lb1, ok: false, detail: 'exit 1', durationMs: 1 },
  { kind: 'reload', ok: false, errors: ['no'] },
  { kind: 'start', version: '0', file: 'f', driver: 'pfctl', backends: 1, pools: 1 },
  { kind: 'stop' },
];
