import { type Cursor, createCursor, placeText, UclSyntaxError } from './ucl-cursor.ts';
import type { Position, UclArray, UclMember, UclNode, UclObject } from './ucl-node.ts';
import { readBare, readHeredoc, readQuoted } from './ucl-scalar.ts';

export type UclResult =
  | { readonly ok: true; readonly root: UclObject }
  /** `message` is "found X, expected Y". */
  | { readonly ok: false; readonly at: Position; readonly message: string };

/**
 * Parses UCL as libucl does (by its README.md, and by what its parser accepts). Macros such as
 * `.include` are refused, because the import reads one file. Variables stay as they are written.
 */
export function parseUcl(text: string): UclResult {
  const cursor = createCursor(text.replace(/^\uFEFF/, ''));
  try {
    return { ok: true, root: readRoot(cursor) };
  } catch (error) {
    if (!(error instanceof UclSyntaxError)) throw error;
    return { ok: false, at: error.at, message: error.message };
  }
}

function readRoot(cursor: Cursor): UclObject {
  cursor.skipAll();
  const { at } = cursor;
  if (cursor.peek() !== '{') return { kind: 'object', at, members: readMembers(cursor, null) };
  const root = readObject(cursor);
  cursor.skipAll();
  if (!cursor.atEnd) cursor.fail('nothing after the closing "}"');
  return root;
}

function readObject(cursor: Cursor): UclObject {
  const { at } = cursor;
  cursor.take();
  const members = readMembers(cursor, at);
  cursor.take();
  return { kind: 'object', at, members };
}

/** Reads up to the brace that closes the one at `opened`; for null, to the end of the file. */
function readMembers(cursor: Cursor, opened: Position | null): UclMember[] {
  const members = new Map<string, UclMember>();
  for (;;) {
    cursor.skipAll();
    if (opened !== null && cursor.peek() === '}') break;
    if (cursor.atEnd) {
      if (opened === null) break;
      cursor.fail(`"}" for the "{" at ${placeText(opened)}`);
    }
    const { at } = cursor;
    const key = readKey(cursor);
    if (key === null)
      cursor.fail(opened === null ? 'a key or the end of the file' : 'a key or "}"');
    if (key === '') throw new UclSyntaxError(at, 'an empty key', 'a name');
    const value = readValueOf(cursor);
    const earlier = members.get(key);
    members.set(
      key,
      earlier === undefined
        ? { key, at, values: [value] }
        : { ...earlier, values: [...earlier.values, value] },
    );
    endValue(cursor, value);
  }
  return [...members.values()];
}

function readKey(cursor: Cursor): string | null {
  if (cursor.peek() === '"') return readQuoted(cursor);
  const { at } = cursor;
  const macro = cursor.match(/\.\w+/y);
  if (macro !== null) {
    const expected = 'the text itself in its place (the import reads one file and no macros)';
    throw new UclSyntaxError(at, macro, expected);
  }
  return cursor.match(BARE_KEY);
}

const BARE_KEY = /[\w/\u0080-\uffff][^\s{}[\]"',;:=#]*/y;

/** Reads what follows a key: `= value`, `: value`, `value`, or more keys, each holding the next. */
function readValueOf(cursor: Cursor): UclNode {
  cursor.skipBlanks();
  if (/^[=:]$/.test(cursor.peek())) {
    cursor.take();
    return readValue(cursor);
  }
  const names = cursor.tryOut(() => readNestedKeys(cursor)) ?? [];
  const value = readValue(cursor);
  return names.reduceRight<UclNode>(
    (inner, { key, at }) => ({ kind: 'object', at, members: [{ key, at, values: [inner] }] }),
    value,
  );
}

/** Reads the `b c` of `a b c { ... }`; null when no bracket follows on the same line. */
function readNestedKeys(cursor: Cursor): { key: string; at: Position }[] | null {
  const names: { key: string; at: Position }[] = [];
  for (;;) {
    cursor.skipBlanks();
    if (/^[{[]$/.test(cursor.peek())) return names;
    const { at } = cursor;
    const key = cursor.peek() === '.' ? null : readKey(cursor);
    if (key === null) return null;
    names.push({ key, at });
  }
}

function readValue(cursor: Cursor): UclNode {
  cursor.skipAll();
  const { at } = cursor;
  switch (cursor.peek()) {
    case '{':
      return cursor.within(() => readObject(cursor));
    case '[':
      return cursor.within(() => readArray(cursor));
    case '"':
    case "'":
      return { kind: 'string', at, text: readQuoted(cursor) };
    case '':
    case '}':
    case ']':
    case ',':
    case ';':
    case '=':
      return cursor.fail('a value');
    default: {
      const heredoc = readHeredoc(cursor);
      return heredoc === null ? readBare(cursor) : { kind: 'string', at, text: heredoc };
    }
  }
}

function readArray(cursor: Cursor): UclArray {
  const { at } = cursor;
  const items: UclNode[] = [];
  cursor.take();
  for (;;) {
    cursor.skipAll();
    if (cursor.peek() === ']') break;
    if (cursor.atEnd) cursor.fail(`"]" for the "[" at ${placeText(at)}`);
    if (cursor.peek() === '}') cursor.fail('a value or "]"');
    const item = readValue(cursor);
    items.push(item);
    endValue(cursor, item);
  }
  cursor.take();
  return { kind: 'array', at, items };
}

/** Requires a separator after a value, unless the value ends with its own bracket. */
function endValue(cursor: Cursor, value: UclNode): void {
  let ended = value.kind === 'object' || value.kind === 'array';
  for (;;) {
    if (cursor.skipBlanks()) ended = true;
    if (cursor.match(/[\r\n,;]+/y) === null) break;
    ended = true;
  }
  if (ended || cursor.atEnd || /^[}\]]$/.test(cursor.peek())) return;
  cursor.fail('";", "," or a new line');
}
