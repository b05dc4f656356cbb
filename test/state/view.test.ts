import { expectTypeOf, test } from 'vitest';
import { FRESH_STREAK } from '../../src/core/health.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import type { StateView } from '../../src/state/view.ts';
import { address, check, pool } from '../fakes/config.ts';
import { A, DRAIN, TWO } from './read-tables.ts';

const LB1 = backendName('lb1');
const WEB = poolName('web');

/** tsc fails where one of these lines compiles. The function is never called. */
function write(view: StateView): void {
  // @ts-expect-error
  view.config = TWO;
  // @ts-expect-error
  view.config.pools.push(pool('mail'));
  // @ts-expect-error
  view.config.daemon.socket = '/run/other.sock';
  // @ts-expect-error
  view.config.pf.pfctl.push('-n');
  // @ts-expect-error
  view.overrides.set('lb1', DRAIN);
  // @ts-expect-error
  view.overrides = new Map();
  // @ts-expect-error
  view.backends.delete(LB1);
  // @ts-expect-error
  view.pools.clear();

  const override = view.overrides.get('lb1');
  // @ts-expect-error
  if (override !== undefined) override.untilMs = 0;

  const backend = view.backends.get(LB1);
  if (backend === undefined) return;
  // @ts-expect-error
  backend.health = 'up';
  // @ts-expect-error
  backend.announced = 'up';
  // @ts-expect-error
  backend.checks.push({});
  // @ts-expect-error
  backend.config.memberships.pop();
  // @ts-expect-error
  backend.config.address = address(A);
  for (const one of backend.checks) {
    // @ts-expect-error
    one.streak = FRESH_STREAK;
    // @ts-expect-error
    one.streak.passes = 1;
    // @ts-expect-error
    one.config = check();
    // @ts-expect-error
    one.config.rhythm.intervalMs = 1;
    // @ts-expect-error
    one.history.add({ verdict: { kind: 'pass', detail: '' }, durationMs: 1, atMs: 1 });
  }

  const web = view.pools.get(WEB);
  if (web === undefined || web.outcome === null) return;
  // @ts-expect-error
  web.roundEndsMs = 0;
  // @ts-expect-error
  web.outcome = null;
  // @ts-expect-error
  web.actual?.add(A);
  // @ts-expect-error
  web.asked.add(A);
  // @ts-expect-error
  web.configured.clear();
  // @ts-expect-error
  web.outcome.desired.delete(address(A));
  // @ts-expect-error
  web.outcome.heldByFloor.get(LB1)?.push(address(A));
  // @ts-expect-error
  web.outcome.removable.clear();
  // @ts-expect-error
  web.members.pop();
  for (const member of web.members) {
    // @ts-expect-error
    member.addresses.push(address(A));
    // @ts-expect-error
    member.backend.health = 'up';
  }
}

test('the view can be read and not written: tsc holds it', () => {
  expectTypeOf(write).parameter(0).toEqualTypeOf<StateView>();
});
