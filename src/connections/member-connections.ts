import type { Scope } from '../core/override.ts';
import type { PfDriver, PfError } from '../pf/driver.ts';
import { type Serving, servingOf } from '../state/serving.ts';
import type { StateView } from '../state/view.ts';
import type { Clock } from '../sys/clock.ts';
import { countOpen, countSticky, type MemberConnections } from './count.ts';
import { endConnections, PACE } from './end-states.ts';

export interface ConnectionsDeps {
  readonly driver: PfDriver;
  readonly clock: Clock;
  readonly view: StateView;
  readonly ownAddresses: () => ReadonlySet<string>;
}

type CountResult =
  | {
      readonly kind: 'counted';
      /** Open connections of clients. */
      readonly open: number;
      /** Sticky clients; null where `kill_sources` is never or hfmd may not list source nodes. */
      readonly sticky: number | null;
    }
  | { readonly kind: 'error'; readonly of: 'states' | 'sources'; readonly error: PfError };

type EndResult =
  | { readonly kind: 'ended'; readonly states: number; readonly left: number }
  | { readonly kind: 'serves'; readonly address: string; readonly serving: Serving }
  | { readonly kind: 'error'; readonly error: PfError };

/** The clients' connections to one backend, in one pool or in all of its pools. */
export interface Connections {
  count(scope: Scope): Promise<CountResult>;
  /** Ends them, unless one of the addresses still serves somewhere: states carry no table. */
  end(scope: Scope): Promise<EndResult>;
}

export function createConnections({
  driver,
  clock,
  view,
  ownAddresses,
}: ConnectionsDeps): Connections {
  return {
    async count(scope) {
      const member = memberOf(view, scope, ownAddresses());
      const open = await countOpen(driver, member);
      if (!open.ok) return { kind: 'error', of: 'states', error: open.error };
      const sticky = member.endsSources ? await countSticky(driver, member) : null;
      if (sticky?.ok === false && sticky.error.kind !== 'permission') {
        return { kind: 'error', of: 'sources', error: sticky.error };
      }
      return {
        kind: 'counted',
        open: open.value,
        sticky: sticky?.ok === true ? sticky.value : null,
      };
    },
    async end(scope) {
      const member = memberOf(view, scope, ownAddresses());
      for (const address of member.addresses) {
        const serving = servingOf(view, address);
        if (serving !== null) return { kind: 'serves', address, serving };
      }
      const mayEnd = (address: string): boolean => servingOf(view, address) === null;
      const result = await endConnections(driver, member, { clock, ...PACE, mayEnd });
      if (!result.ok) return { kind: 'error', error: result.error };
      const { ended, left } = result.value;
      const states = [...ended.values()].reduce((sum, one) => sum + one, 0);
      return { kind: 'ended', states, left };
    },
  };
}

interface Member extends MemberConnections {
  /** Whether one of its pools ends the source nodes that point at a removed address. */
  readonly endsSources: boolean;
}

function memberOf(
  { backends, pools }: StateView,
  scope: Scope,
  ownAddresses: ReadonlySet<string>,
): Member {
  const memberships = (backends.get(scope.backend)?.config.memberships ?? []).filter(
    ({ pool }) => scope.pool === null || pool === scope.pool,
  );
  return {
    addresses: new Set<string>(memberships.flatMap(({ addresses }) => addresses)),
    ownAddresses,
    endsSources: memberships.some(({ pool }) => pools.get(pool)?.config.killSources === 'auto'),
  };
}
