import type { Position } from './ucl-node.ts';

/** Ends the parsing of a UCL file; caught in `parseUcl`. */
export class UclSyntaxError extends Error {
  readonly at: Position;

  constructor(at: Position, found: string, expected: string) {
    super(`found ${found}, expected ${expected}`);
    this.at = at;
  }
}

/** A position that moves through a text and has a line and a column. */
export interface Cursor {
  readonly at: Position;
  readonly atEnd: boolean;
  /** The next characters, which are not taken; the empty string at the end. */
  peek(length?: number): string;
  take(length?: number): string;
  /** Takes what matches at this position; null when nothing does. The expression must be sticky. */
  match(pattern: RegExp): string | null;
  /** Skips blanks and comments on this line; returns whether there was a comment. */
  skipBlanks(): boolean;
  /** Skips blanks, comments and new lines. */
  skipAll(): void;
  /** Runs `read` one level of brackets deeper. */
  within<T>(read: () => T): T;
  /** Runs `attempt`, and goes back to this position when it returns null. */
  tryOut<T>(attempt: () => T | null): T | null;
  fail(expected: string): never;
}

export function createCursor(text: string): Cursor {
  let offset = 0;
  let line = 1;
  let lineStart = 0;
  let depth = 0;

  const peek = (length = 1): string => text.slice(offset, offset + length);

  function take(length = 1): string {
    const taken = peek(length);
    for (let i = taken.indexOf('\n'); i >= 0; i = taken.indexOf('\n', i + 1)) {
      line++;
      lineStart = offset + i + 1;
    }
    offset += taken.length;
    return taken;
  }

  function match(pattern: RegExp): string | null {
    pattern.lastIndex = offset;
    const found = pattern.exec(text)?.[0] ?? null;
    return found === null ? null : take(found.length);
  }

  function skipComment(): boolean {
    if (match(/#[^\n]*/y) !== null) return true;
    if (peek(2) !== '/*') return false;
    const start = cursor.at;
    let open = 0;
    do {
      const mark = match(/\/\*|\*\/|./sy);
      if (mark === null) cursor.fail(`"*/" for the comment that begins at ${placeText(start)}`);
      if (mark === '/*') open++;
      if (mark === '*/') open--;
    } while (open > 0);
    return true;
  }

  const cursor: Cursor = {
    get at() {
      return { line, column: offset - lineStart + 1 };
    },
    get atEnd() {
      return offset >= text.length;
    },
    peek,
    take,
    match,
    skipBlanks() {
      match(/[ \t]+/y);
      let hadComment = false;
      while (skipComment()) {
        hadComment = true;
        match(/[ \t]+/y);
      }
      return hadComment;
    },
    skipAll() {
      do match(/\s+/y);
      while (skipComment());
    },
    within(read) {
      if (++depth > MAX_DEPTH) cursor.fail(`at most ${MAX_DEPTH} brackets inside of each other`);
      const result = read();
      depth--;
      return result;
    },
    tryOut(attempt) {
      const saved = { offset, line, lineStart };
      const result = attempt();
      if (result === null) ({ offset, line, lineStart } = saved);
      return result;
    },
    fail(expected) {
      throw new UclSyntaxError(cursor.at, describe(text, offset), expected);
    },
  };
  return cursor;
}

/** Keeps a file of brackets from overflowing the stack. */
const MAX_DEPTH = 100;

/** Formats a position as `12:8`. */
export function placeText({ line, column }: Position): string {
  return `${line}:${column}`;
}

function describe(text: string, offset: number): string {
  if (offset >= text.length) return 'the end of the file';
  if (/^\r?\n/.test(text.slice(offset, offset + 2))) return 'the end of the line';
  const pattern = /[\w./-]+|./suy;
  pattern.lastIndex = offset;
  const word = pattern.exec(text)?.[0] ?? '';
  if (word === '"') return 'a quotation mark';
  return JSON.stringify(word.length > 30 ? `${word.slice(0, 27)}...` : word);
}
