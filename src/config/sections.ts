import { isName } from '../core/names.ts';
import { complainUnknown, decodeTable } from './decode-table.ts';
import { isTable } from './decoders.ts';
import type { Document } from './document.ts';
import type { Report } from './issue.ts';
import {
  ACTION_KEYS,
  BACKEND_KEYS,
  DAEMON_KEYS,
  DEFAULTS_KEYS,
  HTTP_KEYS,
  type INLINE_NAME_KEY,
  type Keys,
  NAME_EXPECTED,
  PF_KEYS,
  POOL_KEYS,
  SCRIPT_KEYS,
  SECTIONS,
  TCP_KEYS,
  type Values,
} from './keys.ts';
import { childOf, complain, mismatch, type Place } from './place.ts';

/** A table of the file with its values decoded; inheritance and references are not resolved yet. */
export interface Section<K extends Keys> {
  readonly values: Values<K>;
  /** The keys that are written there, whether their values are valid or not. */
  readonly written: ReadonlySet<string>;
  readonly place: Place;
}

export type CheckSection =
  | ({ readonly type: 'http' } & Section<typeof HTTP_KEYS>)
  | ({ readonly type: 'tcp' } & Section<typeof TCP_KEYS>)
  | ({ readonly type: 'script' } & Section<typeof SCRIPT_KEYS>);

/** All sections of the files. A check is null when its type is not known. */
export interface Sections {
  readonly daemon: Section<typeof DAEMON_KEYS>;
  readonly pf: Section<typeof PF_KEYS>;
  readonly defaults: Section<typeof DEFAULTS_KEYS>;
  readonly checks: ReadonlyMap<string, CheckSection | null>;
  readonly pools: ReadonlyMap<string, Section<typeof POOL_KEYS>>;
  readonly backends: ReadonlyMap<string, Section<typeof BACKEND_KEYS>>;
  readonly actions: ReadonlyMap<string, Section<typeof ACTION_KEYS>>;
}

/** Reads the documents as one configuration. Only the first, the main file, may have `include`. */
export function readSections(documents: readonly Document[], report: Report): Sections {
  for (const [i, { root, file }] of documents.entries()) {
    const known = [...Object.keys(SECTIONS), ...(i === 0 ? ['include'] : [])];
    for (const key of Object.keys(root)) {
      if (known.includes(key)) continue;
      const place = placeOf(documents[i], [key], report);
      if (place !== null) complainUnknownSection(place, key, file, known);
    }
  }
  const single = <K extends Keys>(name: string, keys: K): Section<K> =>
    readSingle(documents, name, keys, report);
  const named = <S>(name: string, read: (value: unknown, place: Place) => S): Map<string, S> =>
    readNamed(documents, name, read, report);
  return {
    daemon: single('daemon', DAEMON_KEYS),
    pf: single('pf', PF_KEYS),
    defaults: single('defaults', DEFAULTS_KEYS),
    checks: named('check', (value, place) => readCheck(value, place, [])),
    pools: named('pool', (value, place) => readSection(value, POOL_KEYS, place)),
    backends: named('backend', (value, place) => readSection(value, BACKEND_KEYS, place)),
    actions: named('action', (value, place) => readSection(value, ACTION_KEYS, place)),
  };
}

/** Reads a named or an inline check, whose type decides its keys; null when the type is not known. */
export function readCheck(
  value: unknown,
  place: Place,
  extraKeys: readonly (keyof typeof INLINE_NAME_KEY)[],
): CheckSection | null {
  if (!isTable(value)) {
    mismatch(place, value, 'a table');
    return null;
  }
  switch (value.type) {
    case 'http':
      return { type: 'http', ...readSection(value, HTTP_KEYS, place, extraKeys) };
    case 'tcp':
      return { type: 'tcp', ...readSection(value, TCP_KEYS, place, extraKeys) };
    case 'script':
      return { type: 'script', ...readSection(value, SCRIPT_KEYS, place, extraKeys) };
    case undefined:
      complain(childOf(place, 'type'), 'missing, expected one of "http", "tcp", "script"');
      return null;
    default:
      HTTP_KEYS.type.decode(value.type, childOf(place, 'type'));
      return null;
  }
}

/** Reports a key that is required and absent. One that is present but wrong is reported already. */
export function requireKey<K extends Keys, P extends keyof K & string>(
  section: Section<K>,
  key: P,
  expected: string,
): Values<K>[P] | undefined {
  if (!section.written.has(key)) {
    complain(childOf(section.place, key), `missing, expected ${expected}`);
  }
  return section.values[key];
}

function readSection<K extends Keys>(
  value: unknown,
  keys: K,
  place: Place,
  extraKeys: readonly string[] = [],
): Section<K> {
  const values = decodeTable(value, keys, place, extraKeys);
  // A value that is not a table is reported already: all its keys count as written.
  return { values, written: new Set(Object.keys(isTable(value) ? value : keys)), place };
}

function readSingle<K extends Keys>(
  documents: readonly Document[],
  name: string,
  keys: K,
  report: Report,
): Section<K> {
  const holders = documents.filter(({ root }) => Object.hasOwn(root, name));
  for (const later of holders.slice(1)) {
    const place = placeOf(later, [name], report);
    if (place !== null) complain(place, `found a second [${name}], ${firstAt(holders[0], [name])}`);
  }
  const place = placeOf(holders[0] ?? documents[0], [name], report);
  if (place === null || holders[0] === undefined) {
    return { values: {}, written: new Set(), place: place ?? NOWHERE };
  }
  return readSection(holders[0].root[name], keys, place);
}

function readNamed<S>(
  documents: readonly Document[],
  section: string,
  read: (value: unknown, place: Place) => S,
  report: Report,
): Map<string, S> {
  const found = new Map<string, S>();
  const first = new Map<string, Document>();
  for (const document of documents) {
    if (!Object.hasOwn(document.root, section)) continue;
    const tables = document.root[section];
    const place: Place = { document, path: [section], report };
    if (!isTable(tables)) {
      mismatch(place, tables, `tables such as [${section}.NAME]`);
      continue;
    }
    for (const [name, value] of Object.entries(tables)) {
      const own = childOf(place, name);
      if (!isName(name)) {
        mismatch(own, name, NAME_EXPECTED);
        continue;
      }
      const earlier = first.get(name);
      if (earlier !== undefined) {
        complain(own, `found a second ${section} "${name}", ${firstAt(earlier, own.path)}`);
        continue;
      }
      first.set(name, document);
      found.set(name, read(value, own));
    }
  }
  return found;
}

function complainUnknownSection(
  place: Place,
  key: string,
  file: string,
  known: readonly string[],
): void {
  if (key === 'include') {
    complain(place, `found in ${file}, expected only in the main file`);
    return;
  }
  complainUnknown(place, key, known);
}

function firstAt(document: Document | undefined, path: Place['path']): string {
  return document === undefined ? '' : `the first is at ${document.file}:${document.lineOf(path)}`;
}

function placeOf(
  document: Document | undefined,
  path: Place['path'],
  report: Report,
): Place | null {
  return document === undefined ? null : { document, path, report };
}

/** The place for a configuration without a readable file, which is an error already. */
const NOWHERE: Place = {
  document: { file: '', root: {}, lineOf: () => 0 },
  path: [],
  report: () => {},
};
