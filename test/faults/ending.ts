import type { PoolView } from '../../src/state/view.ts';
import { familyOf } from './grounds.ts';
import type { Machine } from './machine.ts';
import type { HfmProcess } from './process.ts';
import { addressesIn, FOREIGN, NAMES, ownerOf, TABLES, type Table } from './shape.ts';
import type { Witness } from './witness.ts';

/** The end of a history, when the faults are over. */
export interface Ending {
  readonly machine: Machine;
  readonly witness: Witness;
  readonly hfm: HfmProcess;
  /** Tables whose foreign entries may be gone: an exclusive pool had them, or they were destroyed. */
  readonly foreignGone: ReadonlySet<Table>;
}

/** Compares what a table holds with hfm's goal and with what the witness is sure of. */
export function wrongWith(ending: Ending, table: Table): string[] {
  const { machine, witness, hfm, foreignGone } = ending;
  const holds = machine.entries(table) ?? [];
  const wrong: string[] = [];
  const pool = [...hfm.view.pools.values()].find(({ config }) => config.table === table);
  const desired = new Set<string>(pool?.outcome?.desired ?? []);
  const untouched: ReadonlySet<string> = pool?.outcome?.untouched ?? new Set<string>();
  // Addresses that hfm leaves as they are serve too, if the table has them.
  const serving = holds.filter((one) => desired.has(one) || untouched.has(one));
  for (const one of desired) if (!holds.includes(one)) wrong.push(`<${table}> lacks ${one}`);
  for (const one of holds) {
    const isOwn = witness.isOwn(table, one) || pool?.config.exclusive === true;
    if (!isOwn || serving.includes(one)) continue;
    if (pool !== undefined && mayStay(ending, pool, table, one, serving)) continue;
    wrong.push(`<${table}> still holds ${one}`);
  }
  if (pool !== undefined && !hfm.rooms.tables.viewOf(pool.config).inSync) {
    wrong.push(`hfm does not report <${table}> as in sync`);
  }
  if (!foreignGone.has(table)) {
    for (const one of FOREIGN[table]) if (!holds.includes(one)) wrong.push(`${one} is gone`);
  }
  return [...wrong, ...NAMES.flatMap((name) => wrongMember(ending, table, name, serving))];
}

/** While too few members serve, only addresses of members leave the table. */
function mayStay(
  { witness }: Ending,
  pool: PoolView,
  table: Table,
  entry: string,
  serving: readonly string[],
): boolean {
  const name = ownerOf(table, entry);
  if (name !== undefined && witness.grounds.isMember(table, name)) return false;
  const short = ([4, 6] as const).filter((family) => {
    const count = serving.filter((one) => familyOf(one) === family).length;
    const isFew = count < witness.grounds.floorOf(table, family) || count === 0;
    return isFew && pool.outcome?.short.has(family === 4 ? 'inet' : 'inet6') === true;
  });
  const isForeign = !witness.isOwn(table, entry);
  return isForeign ? short.length > 0 : short.includes(familyOf(entry));
}

function wrongMember(
  { witness }: Ending,
  table: Table,
  name: string,
  holds: readonly string[],
): string[] {
  const expected = witness.grounds.expectationOf(table, name);
  return addressesIn(table, name).flatMap((address) => {
    if (!witness.isOwn(table, address)) return [];
    const isIn = holds.includes(address);
    if (expected === 'in' && !isIn) return [`${name} is up, and ${address} not in <${table}>`];
    if (expected === 'out' && isIn && witness.grounds.isMember(table, name))
      return [`${name} is out, and ${address} in <${table}>`];
    if (expected !== 'floor' || !isIn) return [];
    const family = familyOf(address);
    const serving = holds.filter((one) => familyOf(one) === family && witness.isOwn(table, one));
    const isHeld = serving.length <= witness.grounds.floorOf(table, family);
    return isHeld ? [] : [`${name} is down, and ${address} in <${table}>`];
  });
}

/** An override holds until the operator removes it, whatever happened to hfmd. */
export function lostOverrides({ witness, hfm }: Ending): string[] {
  const { overrides } = hfm.view;
  const set = [...witness.grounds.overrides].map(([key, state]) => `${key}: ${state}`).sort();
  const known = [...overrides].map(([key, { state }]) => `${key}: ${state}`).sort();
  return set.join() === known.join()
    ? []
    : [`overrides: the operator set ${set.join()}, hfm has ${known.join()}`];
}

/**
 * No source node leads to an address that hfm took out, even if hfmd was killed in the middle of
 * that.
 */
export function stickyClients({ machine, witness }: Ending): string[] {
  return [...witness.takenOut].flatMap((key) => {
    const [table = '', address = ''] = key.split(' ');
    const at = TABLES.find((one) => one === table);
    const pool = at === undefined ? undefined : witness.grounds.poolOf(at);
    if (at === undefined || pool === undefined) return [];
    const isMember = witness.grounds.config.backends.some(({ memberships }) =>
      memberships.some((one) => one.pool === pool.name && one.addresses.some((a) => a === address)),
    );
    const serves = TABLES.some((one) => machine.entries(one)?.includes(address) === true);
    if (!isMember || serves) return [];
    const left = machine.sources().filter(({ backend }) => backend === address);
    return left.length === 0
      ? []
      : [`${left.length} source nodes still lead to ${address}, in ${pool.name}`];
  });
}
