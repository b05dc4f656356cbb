import { parse } from 'toml';
import treeParser from 'toml/lib/parser.js';
import type { Issue } from './issue.ts';

/** The position of a value: keys and array indexes from the root. */
export type Path = readonly (string | number)[];

/** A parsed TOML file with the line of each of its keys. */
export interface Document {
  readonly file: string;
  readonly root: Readonly<Record<string, unknown>>;
  /** Counted from 1. A value without a line of its own has that of its nearest parent. */
  lineOf(path: Path): number;
}

export type DocumentResult =
  | { readonly ok: true; readonly document: Document }
  | { readonly ok: false; readonly issue: Issue };

export function parseDocument(file: string, text: string): DocumentResult {
  try {
    const root: Record<string, unknown> = parse(text);
    const lines = collectLines(text);
    return { ok: true, document: { file, root, lineOf: (path) => lookUp(lines, path) } };
  } catch (error) {
    return { ok: false, issue: syntaxIssue(file, error) };
  }
}

/** The lines of keys, headers and array elements, by `keyOf`. */
type Lines = ReadonlyMap<string, number>;

function collectLines(text: string): Lines {
  const lines = new Map<string, number>();
  const lineAt = lineCounter(text);
  const note = (path: Path, offset: number): void => {
    const key = keyOf(path);
    if (!lines.has(key)) lines.set(key, lineAt(offset));
  };
  const arrayLengths = new Map<string, number>();
  let header: Path = [];
  for (const statement of treeParser.parse(text)) {
    if (statement.type === 'Assign' && statement.key !== undefined) {
      const path = [...header, ...statement.key];
      notePrefixes(header, statement.key, statement.offset, note);
      noteValue(path, statement.value, note);
      continue;
    }
    header = stringsOf(statement.value);
    if (statement.type === 'ArrayPath') {
      const key = keyOf(header);
      const index = arrayLengths.get(key) ?? 0;
      arrayLengths.set(key, index + 1);
      header = [...header, index];
    }
    notePrefixes([], header, statement.offset, note);
  }
  return lines;
}

function notePrefixes(
  header: Path,
  keys: Path,
  offset: number,
  note: (path: Path, offset: number) => void,
): void {
  for (let i = 1; i <= keys.length; i++) note([...header, ...keys.slice(0, i)], offset);
}

/** The keys of inline tables and the elements of arrays have lines of their own. */
function noteValue(path: Path, node: unknown, note: (path: Path, offset: number) => void): void {
  if (!isNode(node) || !Array.isArray(node.value)) return;
  for (const [i, item] of node.value.entries()) {
    if (!isNode(item)) continue;
    if (item.type === 'InlineTableValue') {
      const keys = stringsOf((item as { key?: unknown }).key);
      notePrefixes(path, keys, item.offset, note);
      noteValue([...path, ...keys], item.value, note);
    } else {
      note([...path, i], item.offset);
      noteValue([...path, i], item, note);
    }
  }
}

function lookUp(lines: Lines, path: Path): number {
  for (let length = path.length; length > 0; length--) {
    const line = lines.get(keyOf(path.slice(0, length)));
    if (line !== undefined) return line;
  }
  return 1;
}

function lineCounter(text: string): (offset: number) => number {
  const starts = [0];
  for (let i = text.indexOf('\n'); i >= 0; i = text.indexOf('\n', i + 1)) starts.push(i + 1);
  return (offset) => {
    let low = 0;
    let high = starts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] ?? 0) <= offset) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Errors of the toml package: its parser sets `location`, its compiler (a key set twice) `line`. */
function syntaxIssue(file: string, error: unknown): Issue {
  const { message, line, location } = error as {
    message?: string;
    line?: number;
    location?: { start?: { line?: number; column?: number } };
  };
  const column = location?.start?.column;
  const where = column === undefined ? '' : ` at column ${column}`;
  const what = simplified(message ?? String(error));
  return {
    file,
    line: line ?? location?.start?.line ?? 0,
    key: '',
    message: `TOML syntax error${where}: ${what}`,
  };
}

/** Shortens a parser's message, which lists every character that it would have accepted. */
function simplified(message: string): string {
  const match = /^Expected (.*) but (.*) found\.?$/s.exec(message);
  if (match === null) return message.replace(/\s+/g, ' ').replace(/\.$/, '');
  const [, expected = '', at = ''] = match;
  const found =
    at === 'end of input'
      ? 'the end of the file'
      : at === '"\\n"' || at === '"\\r"'
        ? 'the end of the line'
        : at;
  if (expected.includes('\\U') && /^"\\x/.test(found))
    return 'found a control character in a string';
  if (expected.includes('\\U')) return `found ${found}, expected the end of a string first`;
  if (expected.includes('"false"')) return `found ${found}, expected a value`;
  if (expected.includes('"]"')) return `found ${found}, expected "]"`;
  return expected.length > 60 ? `found ${found}` : `found ${found}, expected ${expected}`;
}

function isNode(value: unknown): value is { type: string; offset: number; value: unknown } {
  return typeof value === 'object' && value !== null && 'type' in value && 'offset' in value;
}

function stringsOf(value: unknown): string[] {
  return Array.isArray(value) ? value.map(String) : [];
}

function keyOf(path: Path): string {
  return JSON.stringify(path);
}
