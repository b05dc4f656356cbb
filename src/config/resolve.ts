import { poolName } from '../core/names.ts';
import { PATHS } from '../sys/paths.ts';
import type { BackendConfig, DaemonConfig, PfConfig, PoolConfig } from './config.ts';
import {
  requireDistinctAddresses,
  requireDistinctTables,
  requireEnoughScripts,
} from './consistency.ts';
import type { POOL_KEYS } from './keys.ts';
import { childOf, complain } from './place.ts';
import { resolveBackend, validateUnused } from './resolve-backend.ts';
import { requireExecutable } from './resolve-check.ts';
import { requireKey, type Section, type Sections } from './sections.ts';

export interface Resolved {
  readonly daemon: DaemonConfig;
  readonly pf: PfConfig;
  readonly pools: readonly PoolConfig[];
  readonly backends: readonly BackendConfig[];
}

/** Resolves inheritance and references, and reports sections that contradict each other. */
export function resolve(sections: Sections): Resolved {
  const daemon = resolveDaemon(sections);
  const pf = resolvePf(sections);
  requirePrograms(sections);
  validateUnused(sections);
  const pools = [...sections.pools].flatMap(([name, section]) => resolvePool(name, section) ?? []);
  const backends = [...sections.backends].flatMap(
    ([name, section]) => resolveBackend(name, section, sections) ?? [],
  );
  requireDistinctTables(pools, sections);
  requireDistinctAddresses(pools, backends, sections);
  requireEnoughScripts(backends, daemon, sections.daemon.place);
  return { daemon, pf, pools, backends };
}

function resolveDaemon({ daemon }: Sections): DaemonConfig {
  const { values } = daemon;
  return {
    socket: values.socket ?? PATHS.socket,
    socketGroup: values.socket_group ?? null,
    stateFile: values.state_file ?? PATHS.stateFile,
    log: { level: values.log_level ?? 'info', format: values.log_format ?? 'text' },
    maxScripts: values.max_scripts ?? 32,
    maxProbes: values.max_probes ?? null,
  };
}

function resolvePf({ pf }: Sections): PfConfig {
  const { values } = pf;
  return {
    driver: values.driver ?? 'pfctl',
    pfctl: values.pfctl ?? ['/sbin/pfctl'],
    helper: values.helper ?? null,
    resyncMs: values.resync ?? 5000,
  };
}

function resolvePool(name: string, section: Section<typeof POOL_KEYS>): PoolConfig | null {
  const { values } = section;
  const table = requireKey(section, 'table', 'the name of the pf table');
  const fallback = values.fallback ?? [];
  if (new Set(fallback).size < fallback.length) {
    complain(childOf(section.place, 'fallback'), 'found one address twice, expected each once');
  }
  if (table === undefined) return null;
  return {
    name: poolName(name),
    table,
    anchor: values.anchor ?? null,
    fallback,
    floor: values.min_in_service ?? { kind: 'count', count: fallback.length > 0 ? 0 : 1 },
    exclusive: values.exclusive ?? false,
    create: values.create ?? false,
    killSources: values.kill_sources ?? 'auto',
    killStates: values.kill_states ?? 'never',
  };
}

/** Validates the programs of checks and actions, whether a backend uses them or not. */
function requirePrograms({ checks, actions }: Sections): void {
  for (const section of [...checks.values(), ...actions.values()]) {
    if (section === null || !('command' in section.values)) continue;
    const program = section.values.command?.[0];
    if (program !== undefined) requireExecutable(program, childOf(section.place, 'command'));
  }
  for (const section of actions.values()) requireKey(section, 'command', 'an argv array');
}
