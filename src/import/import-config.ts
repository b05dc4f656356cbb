import { findConfigErrors } from './draft/config-errors.ts';
import type { Note } from './draft/note.ts';
import { noteComment } from './draft/note.ts';
import { writeResult } from './hfm-conf/result-text.ts';
import { draftRule } from './hfm-conf/rule-draft.ts';
import { readOriginal } from './hfm-conf/source/original.ts';
import { parseUcl } from './hfm-conf/source/ucl.ts';

export type ImportResult =
  | { readonly ok: true; readonly toml: string; readonly notes: readonly Note[] }
  /** `hfm.conf:12:8: found "}", expected a value` */
  | { readonly ok: false; readonly error: string };

/** Converts the text of an original hfm.conf to an hfm.toml. `file` is its name in messages. */
export function importConfig(file: string, text: string): ImportResult {
  const parsed = parseUcl(text);
  if (!parsed.ok) {
    const { line, column } = parsed.at;
    return { ok: false, error: `${file}:${line}:${column}: ${parsed.message}` };
  }
  const original = readOriginal(parsed.root);
  const { toml, notes } = writeResult(file, original.rules.map(draftRule), original.notes);
  const errors = findConfigErrors(toml).map((error): Note => {
    return { kind: 'fill-in', line: 0, rule: null, message: `hfmd refuses the result: ${error}` };
  });
  const tail = errors.flatMap(noteComment).join('\n');
  return {
    ok: true,
    toml: tail === '' ? toml : `${toml}\n${tail}\n`,
    notes: [...notes, ...errors],
  };
}
