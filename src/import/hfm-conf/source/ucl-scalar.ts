import type { Cursor } from './ucl-cursor.ts';
import type { Position, UclNumber, UclScalar } from './ucl-node.ts';

/** Reads a string in double quotes with JSON's escapes, or in single quotes with `\'` only. */
export function readQuoted(cursor: Cursor): string {
  const column = cursor.at.column;
  const quote = cursor.take();
  let text = '';
  for (;;) {
    if (cursor.atEnd || /[\r\n]/.test(cursor.peek())) {
      cursor.fail(`a closing ${quote} for the string that begins at column ${column}`);
    }
    const char = cursor.take();
    if (char === quote) return text;
    if (char !== '\\') text += char;
    else if (quote === '"') text += readEscape(cursor);
    else text += cursor.peek() === "'" ? cursor.take() : '\\';
  }
}

/** Reads what follows a backslash. As in libucl, an unknown escape stands for its character. */
function readEscape(cursor: Cursor): string {
  if (cursor.peek() === 'u') {
    const hex = cursor.match(/u[0-9A-Fa-f]{4}/y);
    if (hex === null) cursor.fail('u with four hexadecimal digits');
    return String.fromCharCode(Number.parseInt(hex.slice(1), 16));
  }
  const char = cursor.take();
  return ESCAPES[char] ?? char;
}

const ESCAPES: Readonly<Record<string, string>> = {
  n: '\n',
  r: '\r',
  t: '\t',
  b: '\b',
  f: '\f',
};

/**
 * Reads the text between `<<EOD` and a line with only `EOD`, without the last newline; null when no
 * such text begins here. In libucl the word is in capital letters and ends its line.
 */
export function readHeredoc(cursor: Cursor): string | null {
  const { line } = cursor.at;
  const head = cursor.match(/<<[A-Z]+\r?\n/y);
  if (head === null) return null;
  const word = head.slice(2).trimEnd();
  const lines: string[] = [];
  for (;;) {
    if (cursor.match(new RegExp(`${word}(?=[\\r\\n;,]|$)`, 'y')) !== null) return lines.join('\n');
    if (cursor.atEnd) cursor.fail(`a line "${word}" for the text that begins at line ${line}`);
    lines.push(cursor.match(/[^\n]*/y) ?? '');
    cursor.take();
  }
}

/**
 * Reads a value without quotes, up to the end of the line, a separator, a comment or a closing
 * bracket that it did not open. It is a number, a boolean, null, or else a string.
 */
export function readBare(cursor: Cursor): UclScalar {
  const { at } = cursor;
  let text = '';
  const open = { '}': 0, ']': 0 };
  while (!cursor.atEnd && cursor.peek(2) !== '/*') {
    const char = cursor.peek();
    if (/[\r\n,;#]/.test(char)) break;
    if (char === '{') open['}']++;
    if (char === '[') open[']']++;
    if (char === '}' || char === ']') {
      if (open[char] === 0) break;
      open[char]--;
    }
    cursor.take();
    text += char === '\\' && !cursor.atEnd ? readEscape(cursor) : char;
  }
  const raw = text.trimEnd();
  return parseNumber(raw, at) ?? parseWord(raw, at);
}

function parseWord(raw: string, at: Position): UclScalar {
  if (/^(true|yes|on)$/i.test(raw)) return { kind: 'boolean', at, value: true, raw };
  if (/^(false|no|off)$/i.test(raw)) return { kind: 'boolean', at, value: false, raw };
  return raw === 'null' ? { kind: 'null', at, raw } : { kind: 'string', at, text: raw };
}

/** Parses a number and multiplies its suffix in; null for other words, such as an address. */
export function parseNumber(raw: string, at: Position): UclNumber | null {
  if (/^-?0x[0-9a-f]+$/i.test(raw)) {
    const size = Number.parseInt(raw.replace('-', ''), 16);
    return { kind: 'number', at, value: raw.startsWith('-') ? -size : size, unit: 'none', raw };
  }
  const match = /^(-?\d+(?:\.\d*)?(?:e[+-]?\d+)?)(ms|min|[kmg]b|[kmg]|[shdwy])?$/i.exec(raw);
  if (match === null) return null;
  const suffix = (match[2] ?? '').toLowerCase();
  const value = Number(match[1]) * (MULTIPLIERS[suffix] ?? 1);
  const unit = suffix === '' ? 'none' : /^[kmg]b?$/.test(suffix) ? 'size' : 'time';
  return { kind: 'number', at, value, unit, raw };
}

/** libucl, README.md: `m` alone is a million, not a minute. Times are in seconds. */
const MULTIPLIERS: Readonly<Record<string, number>> = {
  k: 1000,
  m: 1e6,
  g: 1e9,
  kb: 1024,
  mb: 1024 ** 2,
  gb: 1024 ** 3,
  ms: 0.001,
  s: 1,
  min: 60,
  h: 3600,
  d: 86_400,
  w: 604_800,
  y: 31_536_000,
};
