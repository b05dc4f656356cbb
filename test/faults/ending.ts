import type { PoolView } from '../../src/state/view.ts';
import { familyOf } from './grounds.ts';
import type { Machine } from './machine.ts';
import type { HfmProcess } from './process.ts';
import { addressesIn, FOREIGN, NAMES, ownerOf, TABLES, type Table } from './shape.ts';
import type { Witness } from './witness.ts';

/** How all stands when the faults are over. */
export interface Ending {
  readonly machine: Machine;
  readonly witness: Witness;
  readonly hfm: HfmProcess;
  /** Tables whose foreign entries may be gone: an exclusive pool had them, or they were destroyed. */
  readonly foreignGone: ReadonlySet<Table>;
}

/** What a table holds, against what hfm wants, and against what the witness is sure of. */
export function wrongWith(ending: Ending, table: Table): string[] {
  const { machine, witness, hfm, foreignGone } = ending;
  const holds = machine.entries(table) ?? [];
  const wrong: string[] = [];
  const pool = [...hfm.view.pools.values()].find(({ config }) => config.table === table);
  const desired = new Set<string>(pool?.outcome?.desired ?? []);
  const untouched = pool?.outcome?.untouched ?? new Set<string>();
  // What hfm leaves as it is serves too, where it is there.
  const serving = holds.filter((one) => desired.has(one) || untouchedHas(untouched, one));
  for (const one of desired) if (!holds.includes(one)) wrong.push(`<${table}> lacks ${one}`);
  for (const one of holds) {
    const isOwn = witness.isOwn(table, one) || pool?.config.exclusive === true;
    if (!isOwn || serving.includes(one)) continue;
    if (pool !== undefined && mayStay(ending, pool, table, one, serving)) continue;
    wrong.push(`<${table}> still holds ${one}`);
  }
  if (pool !== undefined && !hfm.rooms.tables.viewOf(pool.config).inSync) {
    wrong.push(`<${table}> is not said to be in sync`);
  }
  if (!foreignGone.has(table)) {
    for (const one of FOREIGN[table]) if (!holds.includes(one)) wrong.push(`${one} is gone`);
  }
  return [...wrong, ...NAMES.flatMap((name) => wrongMember(ending, table, name, serving))];
}

/** Nothing that is not a member's leaves a table while too few of the members serve. */
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

/** What the operator said holds until it is unsaid, whatever happened to hfmd. */
export function lostWords({ witness, hfm }: Ending): string[] {
  const { overrides } = hfm.view;
  const said = [...witness.grounds.said].map(([key, word]) => `${key}: ${word}`).sort();
  const known = [...overrides].map(([key, { state }]) => `${key}: ${state}`).sort();
  return said.join() === known.join() ? [] : [`said ${said.join()}, known ${known.join()}`];
}

/** Nobody is kept at an address that hfm took out, wherever hfmd was in that when it died. */
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
      : [`${left.length} clients are kept at ${address}, in ${pool.name}`];
  });
}

function untouchedHas(untouched: ReadonlySet<string>, entry: string): boolean {
  return untouched.has(entry);
}
