import type { Address } from '../core/address.ts';
import { backendName, poolName } from '../core/names.ts';
import { nearest } from '../core/nearest.ts';
import type { ActionConfig, BackendConfig, CheckConfig, MembershipConfig } from './config.ts';
import { decodeTable } from './decode-table.ts';
import { isTable, text } from './decoders.ts';
import { layersOf } from './inherit.ts';
import { ACTION_KEYS, type BACKEND_KEYS, INLINE_NAME_KEY, type Raw } from './keys.ts';
import { childOf, complain, mismatch, type Place } from './place.ts';
import { fillPlaceholders, type Placeholders } from './placeholders.ts';
import { type CheckOwner, requireExecutable, resolveCheck } from './resolve-check.ts';
import {
  type CheckSection,
  readCheck,
  requireKey,
  type Section,
  type Sections,
} from './sections.ts';

const DEFAULT_ACTION_TIMEOUT_MS = 10_000;

/** Resolves a backend with its checks, memberships and actions; null without a valid address. */
export function resolveBackend(
  name: string,
  section: Section<typeof BACKEND_KEYS>,
  sections: Sections,
): BackendConfig | null {
  const { values, place } = section;
  const address = requireKey(section, 'address', 'the numeric address that is probed');
  const memberships = resolveMemberships(section, sections);
  const actions = (['on_up', 'on_down'] as const).map((key) => {
    const entries = values[key] ?? sections.defaults.values[key];
    const placeholders: Placeholders = { address: address ?? '', name, port: portOf(section) };
    return entries === undefined ? [] : resolveActions(entries, sections, placeholders);
  });
  const [onUp = [], onDown = []] = actions;
  if (!hasPurpose(section, sections)) {
    complain(place, 'found neither a pool nor on_up or on_down, expected at least one of them');
  }
  const checks = resolveChecks(name, section, sections);
  if (address === undefined) return null;
  return {
    name: backendName(name),
    address,
    require: values.require ?? sections.defaults.values.require ?? 'all',
    checks,
    memberships,
    onUp,
    onDown,
  };
}

/** Whether the backend names a pool or an action. A wrong name counts: it is reported elsewhere. */
function hasPurpose(
  { values, written }: Section<typeof BACKEND_KEYS>,
  sections: Sections,
): boolean {
  if ((values.pools?.size ?? 0) > 0 || (written.has('pools') && values.pools === undefined))
    return true;
  return (['on_up', 'on_down'] as const).some((key) => {
    const entries = values[key] ?? sections.defaults.values[key];
    return entries !== undefined && !(Array.isArray(entries.value) && entries.value.length === 0);
  });
}

function resolveChecks(
  backend: string,
  section: Section<typeof BACKEND_KEYS>,
  sections: Sections,
): CheckConfig[] {
  const listed = requireKey(section, 'checks', 'an array of checks');
  if (listed === undefined) return [];
  if (!Array.isArray(listed.value)) {
    mismatch(listed.place, listed.value, 'an array of checks');
    return [];
  }
  if (listed.value.length === 0) {
    mismatch(
      listed.place,
      listed.value,
      'at least one check (mode = "up" or "down" probes nothing)',
    );
  }
  const address = section.values.address;
  const names = new Set<string>();
  const resolved: CheckConfig[] = [];
  for (const [i, entry] of listed.value.entries()) {
    const found = findCheck(entry, childOf(listed.place, i), sections);
    if (found === null) continue;
    if (names.has(found.name)) {
      complain(
        childOf(listed.place, i),
        `found a second check "${found.name}", expected a different name for each check (key "name")`,
      );
      continue;
    }
    names.add(found.name);
    const owner: CheckOwner = { backend, address: address ?? ANY_ADDRESS, name: found.name };
    const layers = layersOf(section, found.check, sections.defaults);
    const check = resolveCheck(found.check, layers, owner);
    if (check !== null) resolved.push(check);
  }
  return resolved;
}

/** Validates, as for some backend, the checks that no backend names and the default actions. */
export function validateUnused(sections: Sections): void {
  const { defaults } = sections;
  const used = new Set<unknown>(
    [...sections.backends.values()].flatMap(({ values }) => {
      return Array.isArray(values.checks?.value) ? values.checks.value : [];
    }),
  );
  for (const [name, check] of sections.checks) {
    if (check === null || used.has(name)) continue;
    const address = ('source' in check.values ? check.values.source : undefined) ?? ANY_ADDRESS;
    const some = { values: { port: 1 }, written: new Set<string>(), place: check.place };
    resolveCheck(check, [some, check, defaults], { backend: 'some', address, name });
  }
  for (const entries of [defaults.values.on_up, defaults.values.on_down]) {
    const placeholders = { address: ANY_ADDRESS, name: 'some', port: '1' };
    if (entries !== undefined) resolveActions(entries, sections, placeholders);
  }
}

/** Stands in for a missing address, so that all other errors are found as well. */
const ANY_ADDRESS = '127.0.0.1' as Address;

function findCheck(
  entry: unknown,
  place: Place,
  sections: Sections,
): { name: string; check: CheckSection } | null {
  if (isTable(entry)) {
    const check = readCheck(entry, place, ['name']);
    const name =
      entry.name === undefined
        ? check?.type
        : INLINE_NAME_KEY.name.decode(entry.name, childOf(place, 'name'));
    return check === null || name === undefined ? null : { name, check };
  }
  const name = text(entry, place);
  if (name === undefined) return null;
  const check = sections.checks.get(name);
  if (check === undefined) complainUndefined(place, 'check', name, sections.checks.keys());
  return check === undefined || check === null ? null : { name, check };
}

function resolveMemberships(
  section: Section<typeof BACKEND_KEYS>,
  sections: Sections,
): MembershipConfig[] {
  const memberships: MembershipConfig[] = [];
  for (const [pool, addresses] of section.values.pools ?? []) {
    if (!sections.pools.has(pool)) {
      const place = childOf(childOf(section.place, 'pools'), pool);
      complainUndefined(place, 'pool', pool, sections.pools.keys());
    } else if (addresses.length > 0) {
      memberships.push({ pool: poolName(pool), addresses });
    }
  }
  return memberships;
}

/** Resolves `["page", { action = "page", args = [...] }, { command = [...], timeout = "5s" }]`. */
function resolveActions(
  entries: Raw,
  sections: Sections,
  placeholders: Placeholders,
): ActionConfig[] {
  if (!Array.isArray(entries.value)) {
    mismatch(entries.place, entries.value, 'an array of actions');
    return [];
  }
  return entries.value.flatMap((entry, i) => {
    const action = resolveAction(entry, childOf(entries.place, i), sections);
    if (action === null) return [];
    const place = childOf(entries.place, i);
    const command = action.command.map(
      (part) => fillPlaceholders(part, placeholders, place) ?? part,
    );
    return [{ ...action, command }];
  });
}

function resolveAction(entry: unknown, place: Place, sections: Sections): ActionConfig | null {
  if (!isTable(entry)) {
    const name = text(entry, place);
    return name === undefined ? null : namedAction(name, [], place, sections);
  }
  if (Object.hasOwn(entry, 'action')) {
    const { action, args = [], ...rest } = entry;
    const name = text(action, childOf(place, 'action'));
    const surplus = Object.keys(rest)[0];
    if (surplus !== undefined) {
      complain(childOf(place, surplus), 'unknown key, expected action and args only');
    }
    if (!Array.isArray(args) || !args.every((arg) => typeof arg === 'string')) {
      mismatch(childOf(place, 'args'), args, 'an array of strings');
      return null;
    }
    return name === undefined ? null : namedAction(name, args, place, sections);
  }
  const values = decodeTable(entry, ACTION_KEYS, place);
  const program = values.command?.[0];
  if (values.command === undefined || program === undefined) {
    if (!Object.hasOwn(entry, 'command'))
      complain(place, 'missing command, expected an argv array');
    return null;
  }
  requireExecutable(program, childOf(place, 'command'));
  return {
    name: program.slice(program.lastIndexOf('/') + 1),
    command: values.command,
    timeoutMs: values.timeout ?? DEFAULT_ACTION_TIMEOUT_MS,
  };
}

function namedAction(
  name: string,
  args: readonly string[],
  place: Place,
  sections: Sections,
): ActionConfig | null {
  const section = sections.actions.get(name);
  if (section === undefined) {
    complainUndefined(place, 'action', name, sections.actions.keys());
    return null;
  }
  const { command, timeout } = section.values;
  if (command === undefined) return null;
  return {
    name,
    command: [...command, ...args],
    timeoutMs: timeout ?? DEFAULT_ACTION_TIMEOUT_MS,
  };
}

function portOf(section: Section<typeof BACKEND_KEYS>): string | null {
  return section.values.port === undefined ? null : String(section.values.port);
}

function complainUndefined(
  place: Place,
  what: string,
  name: string,
  known: Iterable<string>,
): void {
  const near = nearest(name, known);
  const hint = near === null ? '' : `; did you mean "${near}"?`;
  complain(place, `found "${name}", expected a name that is defined as [${what}.NAME]${hint}`);
}
