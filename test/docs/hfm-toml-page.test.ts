import { describe, expect, test } from 'vitest';
import {
  ACTION_KEYS,
  BACKEND_KEYS,
  DAEMON_KEYS,
  DEFAULTS_KEYS,
  HTTP_KEYS,
  INLINE_NAME_KEY,
  type Keys,
  PF_KEYS,
  POOL_KEYS,
  SCRIPT_KEYS,
  SECTIONS,
  TCP_KEYS,
} from '../../src/config/keys.ts';
import { FAIL_REASONS, INCONCLUSIVE_REASONS } from '../../src/core/verdict.ts';
import { loadTexts } from './load-texts.ts';
import { type Item, itemsOf, sectionText } from './page.ts';

const PAGE = 'hfm.toml.5';

/** A table of the file, its keys in the code, and the sections of the page that describe them. */
const TABLES: readonly (readonly [name: string, keys: Keys, sections: readonly string[]])[] = [
  ['daemon', DAEMON_KEYS, ['[daemon]']],
  ['pf', PF_KEYS, ['[pf]']],
  ['defaults', DEFAULTS_KEYS, ['[defaults]']],
  ['an http check', HTTP_KEYS, ['http checks', '[check.NAME]', '[defaults]']],
  ['a tcp check', TCP_KEYS, ['tcp checks', '[check.NAME]', '[defaults]']],
  ['a script check', SCRIPT_KEYS, ['script checks', '[check.NAME]', '[defaults]']],
  ['pool', POOL_KEYS, ['[pool.NAME]']],
  ['backend', BACKEND_KEYS, ['[backend.NAME]', '[defaults]']],
  ['action', ACTION_KEYS, ['[action.NAME]']],
];

const entries = itemsOf(PAGE).filter(({ head }) => head.startsWith('Ic '));

function keyOf({ head }: Item): string {
  return head.split(' ')[1] ?? '';
}

function entryFor(key: string, sections: readonly string[]): Item | undefined {
  return entries.find((entry) => sections.includes(entry.section) && keyOf(entry) === key);
}

/** What the entry says after `Default: `; null where it says `Required.` or nothing. */
function defaultOf({ body }: Item): string | null {
  const line = body.find((one) => one.startsWith('Default: '));
  return line === undefined ? null : line.replace(/^Default: /, '').replace(/\.$/, '');
}

describe('hfm.toml(5)', () => {
  test.each(TABLES)('describes every key of %s with its default', (_, keys, sections) => {
    const described = Object.keys(keys).map((key) => {
      const entry = entryFor(key, sections);
      return [key, entry === undefined ? 'not in the page' : defaultOf(entry)];
    });
    const inCode = Object.entries(keys).map(([key, { default: byDefault }]) => [key, byDefault]);
    expect(described).toEqual(inCode);
  });

  test('covers every table of the code', () => {
    const covered = new Set<unknown>(TABLES.map(([, keys]) => keys));
    const missing = Object.entries(SECTIONS).filter(([name, keys]) => {
      return name !== 'check' && !covered.has(keys);
    });
    expect(missing).toEqual([]);
    const checks = { ...HTTP_KEYS, ...TCP_KEYS, ...SCRIPT_KEYS };
    expect(Object.keys(SECTIONS.check).sort()).toEqual(Object.keys(checks).sort());
  });

  test('describes no key that the code does not have', () => {
    const known: Readonly<Record<string, readonly string[]>> = {
      'Included files': ['include'],
      '[daemon]': Object.keys(DAEMON_KEYS),
      '[pf]': Object.keys(PF_KEYS),
      '[defaults]': Object.keys(DEFAULTS_KEYS),
      '[check.NAME]': [
        ...Object.keys(HTTP_KEYS).filter((key) => key in TCP_KEYS && key in SCRIPT_KEYS),
        ...Object.keys(INLINE_NAME_KEY),
      ],
      'http checks': Object.keys(HTTP_KEYS),
      'tcp checks': Object.keys(TCP_KEYS),
      'script checks': Object.keys(SCRIPT_KEYS),
      '[pool.NAME]': Object.keys(POOL_KEYS),
      '[backend.NAME]': Object.keys(BACKEND_KEYS),
      '[action.NAME]': Object.keys(ACTION_KEYS),
    };
    const surplus = entries
      .filter((entry) => !known[entry.section]?.includes(keyOf(entry)))
      .map((entry) => `${entry.section}: ${keyOf(entry)}`);
    expect(surplus).toEqual([]);
  });

  test('says of each key once what it is and whether it is required', () => {
    const seen = entries.map((entry) => `${entry.section}: ${keyOf(entry)}`);
    expect(seen).toEqual([...new Set(seen)]);
    const required = entries.filter(({ body }) => body.includes('Required.')).map(keyOf);
    expect(required.sort()).toEqual(
      ['address', 'checks', 'command', 'command', 'table', 'type', 'url'].sort(),
    );
  });

  test('lists the reasons of verdicts, all and no others', () => {
    const verdicts = itemsOf(PAGE)
      .filter(({ section, head }) => section === 'VERDICTS' && head.startsWith('Cm '))
      .map(({ head }) => head.slice(3));
    expect(verdicts).toEqual([...FAIL_REASONS, ...INCONCLUSIVE_REASONS]);
  });

  test('has examples that the loader takes, but for programs that are not here', () => {
    const blocks = sectionText(PAGE, 'EXAMPLES')
      .split('.Bd -literal -offset indent\n')
      .slice(1)
      .map((block) => block.split('\n.Ed')[0] ?? '')
      .filter((block) => !block.startsWith('table <'));
    expect(blocks.length).toBeGreaterThan(2);
    expect(loadTexts(blocks)).toEqual(blocks.map(() => []));
  });
});
