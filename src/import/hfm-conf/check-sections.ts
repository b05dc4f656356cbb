import { createNameGiver } from '../draft/name-giver.ts';
import type { TomlTable } from '../draft/toml-text.ts';
import type { RuleDraft } from './rule-draft.ts';

/** The checks of all rules; rules that test alike share one. */
export interface CheckSections {
  readonly sections: ReadonlyMap<string, TomlTable>;
  nameOf(draft: RuleDraft): string;
}

export function createCheckSections(drafts: readonly RuleDraft[]): CheckSections {
  const name = createNameGiver();
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

/** Inside a group, which is a host as a rule, the rule's own name says what is tested. */
function wantedName({ rule: { path }, check: { name } }: RuleDraft): string {
  const isTelling = !['sh', 'ksh', 'bash', ''].includes(name);
  return path.length < 2 && isTelling ? name : (path.at(-1) ?? 'default');
}
