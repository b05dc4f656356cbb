import type { BackendConfig, CheckConfig, Config, PoolConfig } from '../config/config.ts';
import { addressesOf } from '../config/pool-addresses.ts';
import { sortAddresses } from '../core/address.ts';
import { FRESH_STREAK } from '../core/health.ts';
import type { Overrides } from '../core/override.ts';
import { ProbeHistory } from '../core/probe-history.ts';
import { isSameTable } from '../core/table.ts';
import type { TableEntry } from '../core/table-plan.ts';
import {
  adopt,
  checkFingerprint,
  healthOf,
  type Live,
  type LiveBackend,
  type LiveCheck,
  type LivePool,
  type Member,
} from './live.ts';

export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * The state under a new configuration: what is known of a backend, check or table that it keeps is
 * kept. Nothing of `before` is changed, so that a reload can be tried without being made.
 */
export function succeed(before: Live | null, config: Config, now: Now): Live {
  const backends = config.backends.map((backend) => {
    return [backend.name, succeedBackend(before, backend, now)] as const;
  });
  const next: Live = {
    config,
    backends: new Map(backends),
    pools: new Map(),
    overrides: before === null ? new Map() : carriedOverrides(before, config),
  };
  for (const pool of config.pools) next.pools.set(pool.name, succeedPool(before, next, pool));
  return next;
}

/**
 * The operator's word outlives a restart and a reload, also of what is not configured for now; and a
 * word on a membership goes along when its pool only gets another name.
 */
function carriedOverrides(before: Live, config: Config): Overrides {
  const renamed = new Map<string, string>();
  for (const former of before.config.pools) {
    const heir = config.pools.find((pool) => isSameTable(pool, former));
    if (heir !== undefined && heir.name !== former.name) renamed.set(former.name, heir.name);
  }
  if (renamed.size === 0) return before.overrides;
  return new Map(
    [...before.overrides].map(([key, override]) => {
      const [pool = '', backend] = key.split('/');
      const heir = backend === undefined ? undefined : renamed.get(pool);
      return [heir === undefined ? key : `${heir}/${backend}`, override];
    }),
  );
}

function succeedBackend(live: Live | null, config: BackendConfig, now: Now): LiveBackend {
  const before = live?.backends.get(config.name);
  // Another address is another host, whatever its name.
  const same = before?.config.address === config.address ? before : undefined;
  const checks = config.checks.map((check): LiveCheck => {
    const known = same?.checks.find((one) => one.config.name === check.name);
    if (known !== undefined && isSameCheck(known.config, check)) return { ...known, config: check };
    // A check that is new to a known backend needs evidence against what is known.
    const health = known?.streak.health ?? same?.health ?? 'unknown';
    return {
      config: check,
      streak: { ...FRESH_STREAK, health },
      asksDrain: known?.asksDrain ?? false,
      history: known?.history ?? new ProbeHistory(),
    };
  });
  const backend: LiveBackend = {
    config,
    checks,
    health: 'unknown',
    sinceMs: now.wallMs,
    sinceMonotonicMs: now.monotonicMs,
    lastGoodMs: same?.lastGoodMs ?? Number.NEGATIVE_INFINITY,
    announced: before?.announced ?? null,
    served: live !== null && same !== undefined && isServing(live, same),
  };
  const health = healthOf(backend);
  if (same?.health !== health) return { ...backend, health };
  return { ...backend, health, sinceMs: same.sinceMs, sinceMonotonicMs: same.sinceMonotonicMs };
}

function succeedPool(before: Live | null, next: Live, pool: PoolConfig): LivePool {
  const configured = new Set(sortAddresses(addressesOf(next.config, pool)));
  const members = membersOf(next, pool);
  const same = [...(before?.pools.values() ?? [])].find((one) => isSameTable(one.config, pool));
  if (before === null || same === undefined || same.actual === null) {
    const unread = {
      actual: null,
      asked: new Set<TableEntry>(),
      desired: null,
      outcome: null,
      roundEndsMs: 0,
    };
    return { config: pool, members, configured, ...unread };
  }
  const { actual, asked, desired, outcome, roundEndsMs } = same;
  const known = new Set(addressesOf(before.config, same.config));
  for (const address of outcome?.untouched ?? []) known.delete(address);
  const adopted = adopt(next, { config: pool, members }, actual);
  const kept = [...configured].filter((address) =>
    known.has(address) ? desired?.has(address) : adopted.has(address),
  );
  return {
    config: pool,
    members,
    configured,
    actual,
    asked,
    desired: new Set(kept),
    outcome,
    roundEndsMs,
  };
}

function membersOf({ backends }: Live, { name }: PoolConfig): Member[] {
  return [...backends.values()].flatMap((backend) => {
    const membership = backend.config.memberships.find(({ pool }) => pool === name);
    return membership === undefined ? [] : [{ backend, addresses: membership.addresses }];
  });
}

function isServing(live: Live, { config }: LiveBackend): boolean {
  return config.memberships.some(({ pool, addresses }) =>
    addresses.some((address) => live.pools.get(pool)?.desired?.has(address)),
  );
}

function isSameCheck(a: CheckConfig, b: CheckConfig): boolean {
  return checkFingerprint(a) === checkFingerprint(b);
}
