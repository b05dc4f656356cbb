import { createHash } from 'node:crypto';
import type { Config } from './config.ts';
import { listOf, text } from './decoders.ts';
import { type Document, parseDocument } from './document.ts';
import { expandInclude, readText } from './files.ts';
import { formatIssue, type Issue, type Report } from './issue.ts';
import { childOf, complain, type Place } from './place.ts';
import { resolve } from './resolve.ts';
import { readSections } from './sections.ts';

export type LoadResult =
  | { readonly ok: true; readonly config: Config }
  /** Every error, one a line, in the order of the files and their lines. */
  | { readonly ok: false; readonly errors: readonly string[] };

/** Loads a configuration with its includes, or returns everything that is wrong with it. */
export function loadConfig(file: string): LoadResult {
  const issues: Issue[] = [];
  const report: Report = (issue) => issues.push(issue);
  const hash = createHash('sha256');
  const read = (path: string): Document | null => {
    const content = readText(path);
    if (!content.ok) {
      report({ file: path, line: 0, key: '', message: `can't be read: ${content.why}` });
      return null;
    }
    hash.update(content.text);
    const result = parseDocument(path, content.text);
    if (result.ok) return result.document;
    report(result.issue);
    return null;
  };

  const main = read(file);
  const included = main === null ? [] : includedFiles(main, report);
  const documents = [main, ...included.map(read)].filter((document) => document !== null);
  if (main === null) return refuse(issues, [file]);
  const complete = documents.length === included.length + 1;
  // References can't be resolved while one file is unreadable: it may define what others name.
  const sections = readSections(documents, report);
  const resolved = complete ? resolve(sections) : null;
  if (issues.length === 0 && resolved?.backends.length === 0) report({ file, ...NO_BACKEND });
  if (issues.length > 0 || resolved === null) return refuse(issues, [file, ...included]);
  return { ok: true, config: freeze({ file, sha256: hash.digest('hex'), ...resolved }) };
}

/** An empty configuration would empty every table; it is more likely a truncated file. */
const NO_BACKEND = {
  line: 0,
  key: '',
  message: 'found no backend, expected at least one [backend.NAME]',
};

/** The absolute paths of the files that `include` names, in order and each once. */
function includedFiles(main: Document, report: Report): string[] {
  if (!Object.hasOwn(main.root, 'include')) return [];
  const place: Place = { document: main, path: ['include'], report };
  const patterns = listOf(text, 'file names')(main.root.include, place) ?? [];
  const files = patterns.flatMap((pattern, i) => {
    const list = expandInclude(pattern, main.file);
    if (list.ok) return list.files;
    complain(childOf(place, i), `can't be read: ${list.why}`);
    return [];
  });
  return [...new Set(files)];
}

function refuse(issues: readonly Issue[], files: readonly string[]): LoadResult {
  const inOrder = issues.toSorted(
    (a, b) => files.indexOf(a.file) - files.indexOf(b.file) || a.line - b.line,
  );
  return { ok: false, errors: [...new Set(inOrder.map(formatIssue))] };
}

/** Freezes plain objects and arrays, and what they contain. */
function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  const plain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype;
  if (!plain) return value;
  Object.values(value).forEach(freeze);
  return Object.freeze(value);
}
