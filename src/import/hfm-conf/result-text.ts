import { comment, type Note, noteComment } from '../draft/note.ts';
import { section, type TomlTable } from '../draft/toml-text.ts';
import { createUniqueNames } from '../draft/unique-names.ts';
import { createCheckSections } from './check-sections.ts';
import { daemonKeys, pfKeys } from './daemon-and-pf-sections.ts';
import { createPoolSections } from './pool-sections.ts';
import type { RuleDraft } from './rule-draft.ts';
import { shareTimes } from './shared-times.ts';
import { ruleName } from './source/original.ts';

export interface ResultText {
  readonly toml: string;
  /** All notes, in the order of the text. */
  readonly notes: readonly Note[];
}

/** Writes the drafts as an hfm.toml, with each note beside what it is about. */
export function writeResult(
  file: string,
  drafts: readonly RuleDraft[],
  fileNotes: readonly Note[],
): ResultText {
  const pools = createPoolSections(drafts);
  const kept = drafts.filter(
    (draft) => hasAction(draft) || Object.keys(pools.of(draft).pools).length > 0,
  );
  const checks = createCheckSections(kept);
  const times = shareTimes(kept);
  const topNotes = [...fileNotes];
  if (kept.length === 0) {
    const what = drafts.length === 0 ? 'found no rule (a rule has a "test")' : 'no rule is left';
    const message = `${what}, and hfmd needs at least one backend`;
    topNotes.push({ kind: 'look', line: 0, rule: null, message });
  }
  const pf = pfKeys(kept, topNotes);
  const daemon = daemonKeys(kept);
  const backendName = createUniqueNames();
  const notes = [...topNotes];

  function backendBlock(draft: RuleDraft): string[] {
    const { rule, address } = draft;
    const membership = pools.of(draft);
    const own = [...draft.notes, ...membership.notes];
    if (!kept.includes(draft)) own.push(droppedNote(draft));
    notes.push(...own);
    const head = comment(`${ruleName(rule.path)}, line ${rule.line}`);
    const lines = [...head, ...own.flatMap(noteComment)];
    if (!kept.includes(draft)) return lines;
    const keys: TomlTable = {
      address,
      checks: [checks.nameOf(draft)],
      ...(Object.keys(membership.pools).length === 0 ? {} : { pools: membership.pools }),
      ...(draft.onDown === null ? {} : { on_down: [{ command: draft.onDown }] }),
      ...(draft.onUp === null ? {} : { on_up: [{ command: draft.onUp }] }),
      ...times.of(draft),
    };
    return [...lines, ...section(['backend', backendName(rule.path.join('-') || 'default')], keys)];
  }

  const blocks: string[][] = [
    [...headLines(file, kept), ...topNotes.flatMap(noteComment)],
    daemon === null ? [] : section(['daemon'], daemon),
    pf === null ? [] : section(['pf'], pf),
    kept.length === 0 ? [] : section(['defaults'], times.defaults),
    ...[...checks.sections].map(([name, keys]) => section(['check', name], keys)),
    ...[...pools.sections].map(([name, keys]) => section(['pool', name], keys)),
    ...drafts.map(backendBlock),
  ];
  const texts = blocks.filter((block) => block.length > 0).map((block) => block.join('\n'));
  return { toml: `${texts.join('\n\n')}\n`, notes };
}

function headLines(file: string, kept: readonly RuleDraft[]): string[] {
  const lines = comment(`Made by "hfmctl import" from ${file}.`);
  if (kept.some(({ members }) => members.length > 0)) {
    const text =
      'As in the original, a table becomes empty when all its members fail (min_in_service = 0); ' +
      'without that line hfm keeps the last one in.';
    lines.push(...comment(text));
  }
  if (kept.some(hasAction)) {
    lines.push(...comment('An action ends after 10s, unless it has a "timeout" of its own.'));
  }
  return lines;
}

function hasAction({ onDown, onUp }: RuleDraft): boolean {
  return onDown !== null || onUp !== null;
}

/** hfm.toml(5): a backend is in a pool, or has an action. */
function droppedNote({ rule }: RuleDraft): Note {
  const message =
    'hfm can make none of the changes that follow this test, so there is no backend for it';
  return { kind: 'lost', line: rule.line, rule: ruleName(rule.path), message };
}
