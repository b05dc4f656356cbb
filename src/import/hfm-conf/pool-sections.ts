import type { Note } from '../draft/note.ts';
import type { TomlTable } from '../draft/toml-text.ts';
import { createUniqueNames } from '../draft/unique-names.ts';
import { type TableMember, tableText } from './memberships.ts';
import type { RuleDraft } from './rule-draft.ts';
import { ruleName } from './source/original.ts';

/** The pools of all rules, one for each table, and the addresses that each rule puts into them. */
export interface PoolSections {
  readonly sections: ReadonlyMap<string, TomlTable>;
  of(draft: RuleDraft): { readonly pools: TomlTable; readonly notes: readonly Note[] };
}

export function createPoolSections(drafts: readonly RuleDraft[]): PoolSections {
  const name = createUniqueNames();
  const names = new Map<string, string>();
  const sections = new Map<string, TomlTable>();
  const owners = new Map<string, string>();

  function poolOf({ table, anchor }: TableMember): string {
    const key = tableText({ table, anchor });
    const known = names.get(key);
    if (known !== undefined) return known;
    const given = name(table);
    names.set(key, given);
    sections.set(given, {
      table,
      ...(anchor === null ? {} : { anchor }),
      // The original deletes the last address as well.
      min_in_service: 0,
    });
    return given;
  }

  function assign({ rule, members }: RuleDraft): { pools: TomlTable; notes: Note[] } {
    const pools: Record<string, string[]> = {};
    const notes: Note[] = [];
    const own = ruleName(rule.path);
    for (const member of members) {
      const slot = `${tableText(member)} ${member.address}`;
      const owner = owners.get(slot);
      if (owner === undefined) {
        owners.set(slot, own);
        const pool = poolOf(member);
        pools[pool] = [...(pools[pool] ?? []), member.address];
        continue;
      }
      const message =
        `the rule ${owner} has ${member.address} in ${tableText(member)} already; write two tests of ` +
        'one address as two checks of one backend';
      notes.push({ kind: 'lost', line: member.line, rule: own, message });
    }
    const entries = Object.entries(pools).map(([pool, list]) => [pool, oneOrList(list)] as const);
    return { pools: Object.fromEntries(entries), notes };
  }

  const assigned = new Map(drafts.map((draft) => [draft, assign(draft)]));
  return { sections, of: (draft) => assigned.get(draft) ?? { pools: {}, notes: [] } };
}

function oneOrList(list: readonly string[]): string | readonly string[] {
  const [only] = list;
  return list.length === 1 && only !== undefined ? only : list;
}
