import type { TomlTable } from '../draft/toml-text.ts';
import { createUniqueNames } from '../draft/unique-names.ts';
import type { RuleDraft } from './rule-draft.ts';

/** The checks of all rules. Rules with the same test share a check. */
export interface CheckSections {
  readonly sections: ReadonlyMap<string, TomlTable>;
  nameOf(draft: RuleDraft): string;
}

export function createCheckSections(drafts: readonly RuleDraft[]): CheckSections {
  const name = createUniqueNames();
  const names = new Map<string, string>();
  const sections = new Map<string, TomlTable>();
  for (const draft of drafts) {
    const key = JSON.stringify(draft.check.keys);
    if (names.has(key)) continue;
    const given = name(wantedName(draft));
    names.set(key, given);
    sections.set(given, draft.check.keys);
  }
  return {
    sections,
    nameOf: ({ check }) => names.get(JSON.stringify(check.keys)) ?? check.name,
  };
}

/** A group is usually a host. The name of a rule in a group then tells what is tested. */
function wantedName({ rule: { path }, check: { name } }: RuleDraft): string {
  const isShell = ['sh', 'ksh', 'bash', ''].includes(name);
  return path.length < 2 && !isShell ? name : (path.at(-1) ?? 'default');
}
