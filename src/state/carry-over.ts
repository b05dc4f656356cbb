import type { BackendConfig, CheckConfig, Config, PoolConfig } from '../config/config.ts';
import { addressesOf } from '../config/pool-addresses.ts';
import { sortAddresses } from '../core/address.ts';
import { FRESH_STREAK } from '../core/health.ts';
import type { Overrides } from '../core/override.ts';
import { ProbeHistory } from '../core/probe-history.ts';
import { isSameTable } from '../core/table.ts';
import { checkFingerprint, healthOf } from './backend.ts';
import type { BackendData, CheckData, PoolData, StateData } from './data.ts';
import { adopt } from './decide.ts';
import type { BackendView, Member, StateView } from './view.ts';

export interface Now {
  readonly wallMs: number;
  readonly monotonicMs: number;
}

/**
 * The state under a new configuration. What is known of a backend, check or table that the new
 * configuration still has is kept. Nothing of `before` is changed.
 */
export function carryOver(before: StateData | null, config: Config, now: Now): StateData {
  const backends = config.backends.map((backend) => {
    return [backend.name, carryOverBackend(before, backend, now)] as const;
  });
  const next: StateData = {
    config,
    backends: new Map(backends),
    pools: new Map(),
    overrides: before === null ? new Map() : carryOverOverrides(before, config),
  };
  for (const pool of config.pools) next.pools.set(pool.name, carryOverPool(before, next, pool));
  return next;
}

/**
 * An override outlives a restart and a reload, also where its backend is not configured for now. One
 * on a membership follows its pool to a new name, where the table stays the same.
 */
function carryOverOverrides(before: StateView, config: Config): Overrides {
  const newNames = new Map<string, string>();
  for (const former of before.config.pools) {
    const renamed = config.pools.find((pool) => isSameTable(pool, former));
    if (renamed !== undefined && renamed.name !== former.name) {
      newNames.set(former.name, renamed.name);
    }
  }
  if (newNames.size === 0) return before.overrides;
  return new Map(
    [...before.overrides].map(([key, override]) => {
      const [pool = '', backend] = key.split('/');
      const newName = backend === undefined ? undefined : newNames.get(pool);
      return [newName === undefined ? key : `${newName}/${backend}`, override];
    }),
  );
}

function carryOverBackend(before: StateData | null, config: BackendConfig, now: Now): BackendData {
  const known = before?.backends.get(config.name);
  // Another address is another host, whatever its name.
  const same = known?.config.address === config.address ? known : undefined;
  const backend: BackendData = {
    config,
    checks: config.checks.map((check) => carryOverCheck(same, check)),
    health: 'unknown',
    sinceMs: now.wallMs,
    sinceMonotonicMs: now.monotonicMs,
    lastGoodMs: same?.lastGoodMs ?? Number.NEGATIVE_INFINITY,
    announced: known?.announced ?? null,
    served: before !== null && same !== undefined && isServing(before, same),
  };
  const health = healthOf(backend);
  if (same?.health !== health) return { ...backend, health };
  return { ...backend, health, sinceMs: same.sinceMs, sinceMonotonicMs: same.sinceMonotonicMs };
}

function carryOverCheck(backend: BackendData | undefined, check: CheckConfig): CheckData {
  const known = backend?.checks.find((one) => one.config.name === check.name);
  if (known !== undefined && isSameCheck(known.config, check)) return { ...known, config: check };
  // A check that is new to a known backend needs evidence against what is known.
  const health = known?.streak.health ?? backend?.health ?? 'unknown';
  return {
    config: check,
    streak: { ...FRESH_STREAK, health },
    asksDrain: known?.asksDrain ?? false,
    history: known?.history ?? new ProbeHistory(),
  };
}

function carryOverPool(before: StateData | null, next: StateView, pool: PoolConfig): PoolData {
  const configured = new Set(sortAddresses(addressesOf(next.config, pool)));
  const members = membersOf(next, pool);
  const unread: PoolData = {
    config: pool,
    members,
    configured,
    actual: null,
    asked: new Set(),
    outcome: null,
    roundEndsMs: 0,
  };
  const same = [...(before?.pools.values() ?? [])].find((one) => isSameTable(one.config, pool));
  if (before === null || same === undefined || same.actual === null) return unread;
  const { actual, asked, outcome, roundEndsMs } = same;
  if (outcome === null) return { ...unread, actual, asked, roundEndsMs };
  const known = new Set(addressesOf(before.config, same.config));
  for (const address of outcome.untouched) known.delete(address);
  const adopted = adopt(next, { config: pool, members }, actual);
  const kept = [...configured].filter((address) =>
    known.has(address) ? outcome.desired.has(address) : adopted.has(address),
  );
  return { ...unread, actual, asked, roundEndsMs, outcome: { ...outcome, desired: new Set(kept) } };
}

function membersOf({ backends }: StateView, { name }: PoolConfig): Member[] {
  return [...backends.values()].flatMap((backend) => {
    const membership = backend.config.memberships.find(({ pool }) => pool === name);
    return membership === undefined ? [] : [{ backend, addresses: membership.addresses }];
  });
}

function isServing({ pools }: StateView, { config }: BackendView): boolean {
  return config.memberships.some(({ pool, addresses }) =>
    addresses.some((address) => pools.get(pool)?.outcome?.desired.has(address)),
  );
}

function isSameCheck(a: CheckConfig, b: CheckConfig): boolean {
  return checkFingerprint(a) === checkFingerprint(b);
}
