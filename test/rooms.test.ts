import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const SRC = fileURLToPath(new URL('../src/', import.meta.url));

/**
 * What each room may import from other rooms; docs/architecture.md says why. `program` stands for the
 * files directly in src, which start the two programs.
 */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  sys: [],
  process: ['sys'],
  config: ['core', 'sys'],
  events: ['core', 'sys'],
  metrics: ['core', 'sys'],
  pf: ['config', 'core', 'process'],
  carp: ['process'],
  probes: ['config', 'core', 'process', 'sys'],
  scheduler: ['core', 'metrics', 'probes', 'sys'],
  state: ['config', 'core', 'events', 'sys'],
  tables: ['config', 'core', 'events', 'pf', 'sys'],
  connections: ['config', 'core', 'events', 'pf', 'state', 'sys'],
  prober: [
    ...['config', 'core', 'events', 'metrics', 'probes', 'process', 'scheduler', 'state', 'sys'],
  ],
  hooks: ['config', 'core', 'events', 'process', 'state', 'sys'],
  store: ['core', 'sys'],
  audit: ['config', 'core', 'events', 'pf', 'sys'],
  daemon: [
    ...['audit', 'config', 'connections', 'core', 'events', 'hooks', 'metrics', 'pf', 'prober'],
    ...['probes', 'process', 'scheduler', 'state', 'store', 'sys', 'tables', 'program'],
  ],
  protocol: ['core', 'events'],
  client: ['protocol'],
  views: [
    ...['config', 'core', 'daemon', 'metrics', 'prober', 'protocol', 'state', 'sys', 'tables'],
    'program',
  ],
  control: [
    'connections',
    'core',
    'daemon',
    'events',
    'protocol',
    'state',
    'sys',
    'views',
    'program',
  ],
  'import/draft': ['config', 'core'],
  'import/hfm-conf/source': ['import/draft'],
  'import/hfm-conf': ['config', 'core', 'import/draft', 'import/hfm-conf/source'],
  import: ['import/draft', 'import/hfm-conf', 'import/hfm-conf/source'],
  cli: [
    ...['client', 'config', 'core', 'events', 'import', 'import/draft', 'pf', 'probes', 'process'],
    ...['protocol', 'sys', 'program'],
  ],
};

/** hfmctl knows the sentences of events, and nothing else of the room: the rest belongs to hfmd. */
const CLI_MAY_IMPORT_OF_EVENTS = ['event.ts'];

/** Rooms of many small files of one kind. */
const MAY_BE_LARGE = ['core', 'config', 'cli'];
const MAX_FILES = 15;
const MAX_LINES = 300;

describe('the rooms of src', () => {
  it('import only what they may', () => {
    const wrong = IMPORTS.filter(
      ({ from, to }) => roomOf(from) !== roomOf(to) && !mayImport(from, to),
    );
    expect(wrong.map(({ from, to }) => `${from} imports ${to}`)).toEqual([]);
  });

  it('are all in the table, and the table has no other', () => {
    const rooms = new Set(FILES.map(roomOf).filter((room) => room !== 'program'));
    expect([...rooms].toSorted()).toEqual(Object.keys(MAY_IMPORT).toSorted());
  });

  it('import no room that imports them, over however many others', () => {
    const edges = new Map<string, Set<string>>();
    for (const { from, to } of IMPORTS) {
      // version.ts is a constant, and the programs are imported by nobody.
      if (roomOf(from) === roomOf(to) || roomOf(to) === 'program') continue;
      edges.set(roomOf(from), (edges.get(roomOf(from)) ?? new Set()).add(roomOf(to)));
    }
    expect(cycleIn(edges)).toBeNull();
  });

  it(`have no more than ${MAX_FILES} files`, () => {
    const sizes = new Map<string, number>();
    for (const room of FILES.map(roomOf)) sizes.set(room, (sizes.get(room) ?? 0) + 1);
    const large = [...sizes].filter(([room, n]) => n > MAX_FILES && !MAY_BE_LARGE.includes(room));
    expect(large).toEqual([]);
  });
  it(`have no file of more than ${MAX_LINES} lines`, () => {
    const lines = FILES.map((file) => {
      const text = readFileSync(join(SRC, file), 'utf8');
      return [file, text.split('\n').length - 1] as const;
    });
    expect(lines.filter(([, count]) => count > MAX_LINES)).toEqual([]);
  });
});

function mayImport(from: string, to: string): boolean {
  const room = roomOf(from);
  if (room === 'program') return true;
  if (roomOf(to) === 'program' && basename(to) !== 'version.ts') return false;
  if (room === 'cli' && roomOf(to) === 'events') {
    return CLI_MAY_IMPORT_OF_EVENTS.includes(basename(to));
  }
  return MAY_IMPORT[room]?.includes(roomOf(to)) === true;
}

interface Import {
  readonly from: string;
  readonly to: string;
}

const FILES: readonly string[] = readdirSync(SRC, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
  .map((entry) => relative(SRC, join(entry.parentPath, entry.name)));

const IMPORTS: readonly Import[] = FILES.flatMap((from) => {
  const text = readFileSync(join(SRC, from), 'utf8');
  const specifiers = text.matchAll(/(?:\bfrom|\bimport\(|^import)\s*'(\.[^']+)'/gm);
  return [...specifiers].map(([, to = '']) => ({ from, to: normalize(join(dirname(from), to)) }));
});

function roomOf(file: string): string {
  const folder = dirname(file);
  return folder === '.' ? 'program' : folder;
}

function cycleIn(edges: ReadonlyMap<string, ReadonlySet<string>>): string | null {
  const done = new Set<string>();
  const visit = (room: string, path: readonly string[]): string | null => {
    if (path.includes(room)) return [...path.slice(path.indexOf(room)), room].join(' > ');
    if (done.has(room)) return null;
    for (const next of edges.get(room) ?? []) {
      const cycle = visit(next, [...path, room]);
      if (cycle !== null) return cycle;
    }
    done.add(room);
    return null;
  };
  for (const room of edges.keys()) {
    const cycle = visit(room, []);
    if (cycle !== null) return cycle;
  }
  return null;
}
