import type {
  ActionConfig,
  BackendConfig,
  CheckConfig,
  Config,
  PoolConfig,
  TcpCheckConfig,
} from '../../src/config/config.ts';
import { type Address, parseAddress } from '../../src/core/address.ts';
import { backendName, poolName } from '../../src/core/names.ts';
import type { Floor } from '../../src/core/policy.ts';

/** Parses an address in a test. */
export function address(text: string): Address {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(`a test wrote ${text}: ${parsed.why}`);
  return parsed.address;
}

export function addresses(...texts: string[]): Address[] {
  return texts.map(address);
}

const NO_FLOOR: Floor = { kind: 'count', count: 0 };

export interface PoolOptions {
  readonly table?: string;
  readonly anchor?: string | null;
  readonly fallback?: readonly string[];
  readonly floor?: Floor;
  readonly exclusive?: boolean;
  readonly create?: boolean;
}

/** A pool without a floor. By default its table has the pool's name. */
export function pool(name: string, options: PoolOptions = {}): PoolConfig {
  return {
    name: poolName(name),
    table: options.table ?? name,
    anchor: options.anchor ?? null,
    fallback: addresses(...(options.fallback ?? [])),
    floor: options.floor ?? NO_FLOOR,
    exclusive: options.exclusive ?? false,
    create: options.create ?? false,
    killSources: 'never',
    killStates: 'never',
  };
}

export interface BackendOptions {
  readonly address?: string;
  readonly require?: 'all' | 'any';
  readonly checks?: readonly CheckConfig[];
  readonly onUp?: readonly ActionConfig[];
  readonly onDown?: readonly ActionConfig[];
}

/** A backend with one check `tcp` (rise 2, fall 3) and its addresses in each pool. */
export function backend(
  name: string,
  pools: Readonly<Record<string, string | readonly string[]>>,
  options: BackendOptions = {},
): BackendConfig {
  return {
    name: backendName(name),
    address: address(options.address ?? '10.9.9.9'),
    require: options.require ?? 'all',
    checks: options.checks ?? [check()],
    memberships: Object.entries(pools).map(([one, texts]) => ({
      pool: poolName(one),
      addresses: addresses(...[texts].flat()),
    })),
    onUp: options.onUp ?? [],
    onDown: options.onDown ?? [],
  };
}

export function check(options: Partial<TcpCheckConfig> = {}): TcpCheckConfig {
  return {
    name: 'tcp',
    type: 'tcp',
    probeKind: 'network',
    target: 'connect to port 80',
    mode: 'check',
    rhythm: { intervalMs: 1000, fastIntervalMs: 200, downIntervalMs: 1000, timeoutMs: 500 },
    rise: 2,
    fall: 3,
    startDelayMs: 0,
    address: address('10.9.9.9'),
    port: 80,
    tls: null,
    send: null,
    expect: null,
    keepAlive: false,
    watch: false,
    maxReadBytes: 4096,
    source: null,
    ...options,
  };
}

export function config(
  pools: readonly PoolConfig[],
  backends: readonly BackendConfig[],
  { resyncMs = 5000 } = {},
): Config {
  return {
    file: 'hfm.toml',
    sha256: '',
    daemon: {
      socket: '/run/hfm.sock',
      socketGroup: null,
      stateFile: '/db/state.json',
      log: { level: 'info', format: 'text' },
      maxScripts: 32,
      maxProbes: null,
    },
    pf: { driver: 'memory', pfctl: ['/sbin/pfctl'], helper: null, resyncMs },
    pools,
    backends,
  };
}
