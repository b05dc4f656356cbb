import { describe, expect, test } from 'vitest';
import { parseShellText } from '../../../src/import/hfm-conf/shell-text.ts';

/** Each pipeline with the words of its stages. */
function words(text: string) {
  return (
    parseShellText(text)?.map(({ joiner, stages }) => [
      joiner,
      ...stages.map((one) => one.words),
    ]) ?? null
  );
}

describe('parseShellText', () => {
  test.each<[text: string, pipelines: unknown]>([
    ['', []],
    ['a b', [[';', ['a', 'b']]]],
    [
      'a; b\nc && d || e & f',
      [
        [';', ['a']],
        [';', ['b']],
        [';', ['c']],
        ['&&', ['d']],
        ['||', ['e']],
        ['&', ['f']],
      ],
    ],
    [
      'a &&\n  b',
      [
        [';', ['a']],
        ['&&', ['b']],
      ],
    ],
    ['a | b | c', [[';', ['a'], ['b'], ['c']]]],
    [
      'a # b; c\nd',
      [
        [';', ['a']],
        [';', ['d']],
      ],
    ],
    ['a \\\n b', [[';', ['a', 'b']]]],
    [`a 'b c' "d \\"e\\" \\n" f\\ g ''`, [[';', ['a', 'b c', 'd "e" \\n', 'f g', '']]]],
    ['a >/dev/null 2>&1 < /dev/null', [[';', ['a']]]],
    ['http://h/p?q=1#x', [[';', ['http://h/p?q=1#x']]]],
  ])('parses %j', (text, pipelines) => {
    expect(words(text)).toEqual(pipelines);
  });

  test.each([
    'if a; then b; fi',
    'while :; do a; done',
    '! a',
    '{ a; }',
    '(a)',
    'f() { a; }',
    'case a in b) c;; esac',
    'a <<EOD\nb\nEOD',
    "a 'b",
    'a "b',
    'a $(b',
    'a >',
  ])('returns null for %j', (text) => {
    expect(parseShellText(text)).toBeNull();
  });

  test('says whether the shell would expand something', () => {
    const isDynamic = (text: string) => parseShellText(text)?.[0]?.stages[0]?.isDynamic;
    for (const text of ['a $b', `a "\${b}"`, 'a $(b c)', 'a `b c`'])
      expect(isDynamic(text)).toBe(true);
    for (const text of ["a '$b'", 'a \\$b', 'a "\\$b"']) expect(isDynamic(text)).toBe(false);
  });

  test('returns the text of each pipeline, and the files of its redirections', () => {
    const [first, second] = parseShellText(' a  "b" >> /tmp/x | c ; d') ?? [];
    expect(first?.raw).toBe('a  "b" >> /tmp/x | c');
    expect(first?.stages[0]?.files).toEqual(['/tmp/x']);
    expect(second?.raw).toBe('d');
  });
});
