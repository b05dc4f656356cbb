import { describe, expect, test } from 'vitest';
import { parseUcl } from '../../../../src/import/hfm-conf/source/ucl.ts';
import type { UclNode } from '../../../../src/import/hfm-conf/source/ucl-node.ts';

describe('reads', () => {
  test.each<[what: string, text: string, value: unknown]>([
    ['nothing', '', {}],
    ['an equals sign, a colon or neither', 'a = x\nb: y\nc z', { a: 'x', b: 'y', c: 'z' }],
    ['a value on the next line', 'a =\n  x', { a: 'x' }],
    ['commas, semicolons and new lines', 'a=1,b=2;;c=3\r\n\nd=4', { a: 1, b: 2, c: 3, d: 4 }],
    ['objects in each other', 'a { b { c = 1 } } d { }', { a: { b: { c: 1 } }, d: {} }],
    ['an object on the next line', 'a\n{ b = 1 }', { a: { b: 1 } }],
    ['sections', 'a b "c d" { e = 1 }', { a: { b: { 'c d': { e: 1 } } } }],
    ['a section that holds an array', 'a b [1]', { a: { b: [1] } }],
    ['quoted keys', '"a b": 1', { 'a b': 1 }],
    ['braces around all of it', ' { "a": 1 } # end\n', { a: 1 }],
    ['a byte order mark', '\uFEFFa = 1', { a: 1 }],
    ['arrays with any separator', 'a = [1, 2; 3\n4,]', { a: [1, 2, 3, 4] }],
    ['arrays and objects in arrays', 'a = [[], {b = 1}]', { a: [[], { b: 1 }] }],
    ['repeated keys as a list', 'a = 1\na { b = 2 }\na = 3', { a: [1, { b: 2 }, 3] }],
    ['comments', '# x\na = 1 # y\n/* z */ b /* w */ = /* v */ 2', { a: 1, b: 2 }],
    ['a comment as a separator', 'a = "1" /* x */ b = 2', { a: '1', b: 2 }],
    ['comments in comments', '/* a /* b */ c = 1 */ d = 2', { d: 2 }],
    ['escapes', String.raw`a = "\"\\\/\b\f\n\r\t\u00e9\x"`, { a: '"\\/\b\f\n\r\t\u00e9x' }],
    ['single quotes', String.raw`a = 'b "c" \n \'d\''`, { a: String.raw`b "c" \n 'd'` }],
    ['bare strings with blanks', 'a = b c  \n', { a: 'b c' }],
    [
      'bare addresses and URLs',
      'a = 10.2.1.4; b = http://h:80/p?q=1',
      {
        a: '10.2.1.4',
        b: 'http://h:80/p?q=1',
      },
    ],
    ['bare strings with brackets of their own', `a { b = x\${y}[1] }`, { a: { b: `x\${y}[1]` } }],
    ['variables as they are', `a = "\${X} $Y $$Z"`, { a: `\${X} $Y $$Z` }],
    ['a here-document', 'a = <<EOD\nb\n  c\n\nEOD\nd = 1', { a: 'b\n  c\n', d: 1 }],
    ['an empty here-document', 'a = <<EOD\nEOD\n', { a: '' }],
    ['a here-document at the end', 'a = <<EOD\n}"#\nEOD', { a: '}"#' }],
    ['here-documents in an array', 'a = [<<X\nb\nX\n, <<Y\nc\nY\n]', { a: ['b', 'c'] }],
    ['a line that only begins like the last one', 'a = <<X\nXY\n X\nX\n', { a: 'XY\n X' }],
    ['what is no here-document', 'a = <<eod', { a: '<<eod' }],
    [
      'booleans',
      'a = true; b = Yes; c = on; d = false; e = no; f = off',
      {
        a: true,
        b: true,
        c: true,
        d: false,
        e: false,
        f: false,
      },
    ],
    ['null', 'a = null', { a: null }],
    [
      'numbers',
      'a = -1; b = 0.5; c = 1e3; d = 0xff; e = -0x10',
      {
        a: -1,
        b: 0.5,
        c: 1000,
        d: 255,
        e: -16,
      },
    ],
    [
      'times in seconds',
      'a = 200ms; b = 1.5s; c = 2min; d = 1h; e = 1d; f = 1w; g = 1y',
      {
        a: 0.2,
        b: 1.5,
        c: 120,
        d: 3600,
        e: 86_400,
        f: 604_800,
        g: 31_536_000,
      },
    ],
    [
      'sizes',
      'a = 1k; b = 1kb; c = 2m; d = 1Mb; e = 1g; f = 1gb',
      {
        a: 1000,
        b: 1024,
        c: 2e6,
        d: 1_048_576,
        e: 1e9,
        f: 1_073_741_824,
      },
    ],
    ['quoted numbers as strings', 'a = "1s"', { a: '1s' }],
    ['words that begin like numbers', 'a = 1x; b = 5 apples', { a: '1x', b: '5 apples' }],
  ])('%s', (_, text, value) => {
    const result = parseUcl(text);
    expect(result.ok ? plain(result.root) : result).toEqual(value);
  });

  test('the line and column where each value begins', () => {
    const result = parseUcl('a {\n  b = 1\n}');
    const [a] = result.ok ? result.root.members : [];
    expect(a?.at).toEqual({ line: 1, column: 1 });
    expect(a?.values[0].at).toEqual({ line: 1, column: 3 });
    const inner = a?.values[0].kind === 'object' ? a.values[0].members[0] : undefined;
    expect(inner?.values[0].at).toEqual({ line: 2, column: 7 });
  });
});

describe('refuses', () => {
  test.each<[text: string, error: string]>([
    ['a {\n  b = }', '2:7: found "}", expected a value'],
    ['a = ;', '1:5: found ";", expected a value'],
    ['a = = 1', '1:5: found "=", expected a value'],
    ['a', '1:2: found the end of the file, expected a value'],
    ['a =\n', '2:1: found the end of the file, expected a value'],
    ['a = 1\n}', '2:1: found "}", expected a key or the end of the file'],
    ['{ a = 1 } b', '1:11: found "b", expected nothing after the closing "}"'],
    ['[1]', '1:1: found "[", expected a key or the end of the file'],
    ['a { = 1 }', '1:5: found "=", expected a key or "}"'],
    ['"" = 1', '1:1: found an empty key, expected a name'],
    ['a { b = 1', '1:10: found the end of the file, expected "}" for the "{" at 1:3'],
    ['a = [1, 2', '1:10: found the end of the file, expected "]" for the "[" at 1:5'],
    ['a = [1, 2 }', '1:11: found "}", expected a value or "]"'],
    ['a = "x" b = 1', '1:9: found "b", expected ";", "," or a new line'],
    ['a = ["x" "y"]', '1:10: found a quotation mark, expected ";", "," or a new line'],
    [
      'a = "x\nb',
      '1:7: found the end of the line, expected a closing " for the string that begins at column 5',
    ],
    [
      "a = 'x",
      "1:7: found the end of the file, expected a closing ' for the string that begins at column 5",
    ],
    ['a = "\\u12"', '1:7: found "u12", expected u with four hexadecimal digits'],
    [
      'a = <<EOD\nb\n',
      '3:1: found the end of the file, expected a line "EOD" for the text that begins at line 1',
    ],
    [
      '/* a /* b */',
      '1:13: found the end of the file, expected "*/" for the comment that begins at 1:1',
    ],
    [
      'x = 1\n.include "/etc/b.conf"',
      '2:1: found .include, expected the text itself in its place (the import reads one file and no macros)',
    ],
    ['a [ .x ', '1:8: found the end of the file, expected "]" for the "[" at 1:3'],
    [
      'a = '.padEnd(200, '['),
      '1:105: found "[", expected at most 100 brackets inside of each other',
    ],
  ])('%j', (text, error) => {
    const result = parseUcl(text);
    expect(
      result.ok ? plain(result.root) : `${result.at.line}:${result.at.column}: ${result.message}`,
    ).toBe(error);
  });
});

function plain(node: UclNode): unknown {
  switch (node.kind) {
    case 'object':
      return Object.fromEntries(
        node.members.map(({ key, values }) => {
          const [first, ...more] = values;
          return [key, more.length === 0 ? plain(first) : values.map(plain)];
        }),
      );
    case 'array':
      return node.items.map(plain);
    case 'string':
      return node.text;
    case 'null':
      return null;
    default:
      return node.value;
  }
}
