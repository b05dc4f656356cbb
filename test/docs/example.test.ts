import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'toml';
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
  TCP_KEYS,
} from '../../src/config/keys.ts';
import { loadConfig } from '../../src/config/load.ts';
import { projectFile, readProjectFile } from './page.ts';

const TEXT = readProjectFile('hfm.toml.example');
/** With everything that is commented out; comments proper have a space after the `#`. */
const WHOLE = TEXT.replace(/^#(?=[a-z_[])/gm, '');

type Table = Readonly<Record<string, unknown>>;
const whole = parse(WHOLE) as Readonly<Record<string, Table>>;
const checks = Object.values(whole.check ?? {}) as Table[];
const ofType = (type: string): Table[] => checks.filter((check) => check.type === type);

function keysIn(...tables: readonly unknown[]): string[] {
  return [...new Set(tables.flatMap((table) => Object.keys(table as Table)))];
}

describe('hfm.toml.example', () => {
  test('is good as it stands', () => {
    const loaded = loadConfig(projectFile('hfm.toml.example'));
    expect(loaded.ok ? [] : loaded.errors).toEqual([]);
  });

  test('is good with everything in it, but for files that are not here', () => {
    const folder = mkdtempSync(join(tmpdir(), 'hfm-docs-'));
    try {
      const file = join(folder, 'hfm.toml');
      mkdirSync(join(folder, 'hfm.d'));
      writeFileSync(file, WHOLE);
      const loaded = loadConfig(file);
      const errors = loaded.ok ? [] : loaded.errors;
      expect(errors.filter((error) => !error.includes('(no such file)'))).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  const inline = Object.values(whole.backend ?? {}).flatMap((backend) => {
    const listed = (backend as Table).checks;
    return Array.isArray(listed) ? listed.filter((one) => typeof one === 'object') : [];
  });
  /** What a check or a backend inherits is shown under [defaults]. */
  const shown: readonly (readonly [string, Keys, readonly string[]])[] = [
    ['daemon', DAEMON_KEYS, keysIn(whole.daemon)],
    ['pf', PF_KEYS, keysIn(whole.pf)],
    ['defaults', DEFAULTS_KEYS, keysIn(whole.defaults)],
    ['http checks', HTTP_KEYS, keysIn(whole.defaults, ...ofType('http'))],
    ['tcp checks', TCP_KEYS, keysIn(whole.defaults, ...ofType('tcp'))],
    ['script checks', SCRIPT_KEYS, keysIn(whole.defaults, ...ofType('script'), { port: 1 })],
    ['inline checks', INLINE_NAME_KEY, keysIn(...inline)],
    ['pools', POOL_KEYS, keysIn(...Object.values(whole.pool ?? {}))],
    ['backends', BACKEND_KEYS, keysIn(whole.defaults, ...Object.values(whole.backend ?? {}))],
    ['actions', ACTION_KEYS, keysIn(...Object.values(whole.action ?? {}))],
  ];
  test.each(shown)('shows every key of %s', (_, keys, found) => {
    expect(Object.keys(keys).filter((key) => !found.includes(key))).toEqual([]);
  });

  test.each([
    ['daemon', DAEMON_KEYS],
    ['pf', PF_KEYS],
    ['defaults', DEFAULTS_KEYS],
  ] as const)('shows the defaults of [%s]', (section, keys: Keys) => {
    const differing = Object.entries(keys).filter(([key, { default: byDefault }]) => {
      const literal = /^("[^"]*"|\d+|\[.*\]|true|false)/.exec(byDefault ?? '')?.[1];
      if (literal === undefined) return false;
      const { value } = parse(`value = ${literal}`) as { value: unknown };
      return JSON.stringify(whole[section]?.[key]) !== JSON.stringify(value);
    });
    expect(differing).toEqual([]);
  });

  test('shows each key of a section once', () => {
    const twice = TEXT.split(/^#?\[/m).flatMap((section) => {
      const keys = [...section.matchAll(/^#?([a-z_]+) *=/gm)].map(([, key]) => key);
      return keys.filter((key, i) => keys.indexOf(key) !== i);
    });
    expect(twice).toEqual([]);
  });
});
