import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { ModuleKind, transpileModule } from 'typescript';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  NOTHING_SAVED,
  readState,
  type SavedState,
  writeState,
} from '../../src/store/state-file.ts';
import { createStateWriter } from '../../src/store/state-writer.ts';
import { createFakeClock, START_WALL_MS } from '../fakes/clock.ts';
import { addresses } from '../fakes/config.ts';
import { createRecordingLog } from '../fakes/log.ts';

let folder: string;
let file: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hfm-state-'));
  file = join(folder, 'state.json');
});

afterEach(() => {
  chmodSync(folder, 0o700);
  rmSync(folder, { recursive: true });
});

/** The first of these sources, as a program that Node 20 runs too. */
function transpiled(...sources: readonly string[]): string {
  const compilerOptions = { module: ModuleKind.ESNext, rewriteRelativeImportExtensions: true };
  const programs = sources.map((source) => {
    const text = readFileSync(new URL(`../../${source}`, import.meta.url), 'utf8');
    const program = join(folder, 'built', source.replace(/\.ts$/, '.js'));
    mkdirSync(dirname(program), { recursive: true });
    const { outputText } = transpileModule(text, { compilerOptions });
    writeFileSync(program, outputText);
    return program;
  });
  writeFileSync(join(folder, 'built', 'package.json'), '{"type":"module"}');
  return programs[0] ?? '';
}

const STATE: SavedState = {
  overrides: new Map([
    ['lb1', { state: 'drain', by: 'anna', reason: 'a "reload"\n', sinceMs: 5, untilMs: 10 }],
    ['web/lb2', { state: 'maint', by: null, reason: null, sinceMs: 5, untilMs: null }],
  ]),
  ledger: [
    { table: 'web', anchor: null, addresses: addresses('10.0.0.1', 'fd00::1') },
    { table: 'web', anchor: 'hfm', addresses: [] },
  ],
  announced: new Map([['lb1', 'down']]),
  unreleased: ['10.0.0.9'],
};

function read() {
  const log = createRecordingLog();
  const state = readState(file, START_WALL_MS, log);
  return { state, warnings: log.lines.map(({ message, fields }) => [message, fields.why]) };
}

test('what was written is read', () => {
  writeState(file, STATE);
  expect(read()).toEqual({ state: STATE, warnings: [] });
});

test('what an earlier hfm wrote, which kept less, is read', () => {
  const { unreleased: _, ...rest } = { ...STATE, overrides: {}, announced: {}, version: 1 };
  writeFileSync(file, JSON.stringify(rest));
  expect(read()).toEqual({ state: { ...NOTHING_SAVED, ledger: STATE.ledger }, warnings: [] });
});

test('no file is an empty state, and no reason for a warning', () => {
  expect(read()).toEqual({ state: NOTHING_SAVED, warnings: [] });
});

describe('written', () => {
  test('it is for its owner alone, whatever the umask and whatever a crash left beside it', () => {
    const umask = process.umask(0);
    writeFileSync(`${file}.new`, 'half of a st', { mode: 0o666 });
    writeState(file, STATE);
    process.umask(umask);
    expect(statSync(file).mode & 0o777).toBe(0o600);
  });

  test('it replaces the file as a whole, leaving nothing beside it', () => {
    writeState(file, STATE);
    const before = statSync(file).ino;
    writeState(file, NOTHING_SAVED);
    expect(statSync(file).ino).not.toBe(before);
    expect(readdirSync(folder)).toEqual(['state.json']);
  });

  test('its folder is made', () => {
    file = join(folder, 'db', 'hfm', 'state.json');
    writeState(file, STATE);
    expect(read().state).toEqual(STATE);
  });

  test('on a disk that is full it fails and leaves the old one whole', () => {
    writeState(file, STATE);
    const big = { table: 'web', anchor: null, addresses: new Array(2000).fill('10.0.0.1') };
    const program = transpiled('src/store/state-file.ts', 'src/core/address.ts');
    const script = `import { writeState } from ${JSON.stringify(program)};
      const none = new Map();
      const state = { overrides: none, announced: none, ledger: [${JSON.stringify(big)}] };
      try {
        writeState(${JSON.stringify(file)}, state);
      } catch (error) {
        console.log(error.code);
      }`;
    // A bound of one block on the size of files stands in for the full disk.
    const shell = 'ulimit -f 1; exec "$0" --input-type=module -e "$1"';
    const ended = spawnSync('/bin/sh', ['-c', shell, process.execPath, script], {
      encoding: 'utf8',
    });
    expect(ended.stdout.trim()).toBe('EFBIG');
    expect(read().state).toEqual(STATE);
  });
});

describe('a damaged file is set aside and never fatal', () => {
  const good = { version: 1, overrides: {}, ledger: [], announced: {} };
  test.each([
    ['empty', '', 'it is empty'],
    ['torn', '{"version": 1, "overr', 'it is not JSON'],
    ['zeros', '\0\0\0\0', 'it is not JSON'],
    ['an array', '[]', 'it is not an object'],
    ['null', 'null', 'it is not an object'],
    ['newer', JSON.stringify({ ...good, version: 2 }), 'its version is 2, expected 1'],
    ['without a version', '{}', 'its version is undefined, expected 1'],
    ['without overrides', JSON.stringify({ version: 1 }), 'an entry in it makes no sense'],
    [
      'an unknown admin state',
      JSON.stringify({ ...good, overrides: { lb1: { state: 'gone' } } }),
      'an entry in it makes no sense',
    ],
    [
      'a hostname in the ledger',
      JSON.stringify({ ...good, ledger: [{ table: 'web', anchor: null, addresses: ['x.org'] }] }),
      'an entry in it makes no sense',
    ],
    [
      'unreleased that are no list',
      JSON.stringify({ ...good, unreleased: 'x' }),
      'an entry in it makes no sense',
    ],
    [
      'an unknown health',
      JSON.stringify({ ...good, announced: { lb1: 'unknown' } }),
      'an entry in it makes no sense',
    ],
  ])('%s', (_, text, why) => {
    writeFileSync(file, text);
    expect(read()).toEqual({
      state: NOTHING_SAVED,
      warnings: [['state file is damaged, set aside; starting afresh', why]],
    });
    expect(existsSync(file)).toBe(false);
    const aside = readdirSync(folder);
    expect(aside).toHaveLength(1);
    expect(aside[0]).toMatch(/^state\.json\.bad-20\d\d-\d\d-\d\dT\d{9}Z$/);
    expect(readFileSync(join(folder, aside[0] ?? ''), 'utf8')).toBe(text);
  });

  test('also when it is a folder', () => {
    mkdirSync(file);
    expect(read().state).toEqual(NOTHING_SAVED);
  });
});

describe('the writer', () => {
  function createWriter(path = file) {
    const clock = createFakeClock();
    const log = createRecordingLog();
    let collected = 0;
    const writer = createStateWriter({ clock, log, file: path }, () => {
      collected += 1;
      return STATE;
    });
    return { clock, log, writer, collected: () => collected };
  }

  test('writes what changes within two seconds once', async () => {
    const { clock, writer, collected } = createWriter();
    for (let i = 0; i < 10; i++) writer.saveSoon();
    await clock.advance(1999);
    expect(existsSync(file)).toBe(false);
    await clock.advance(1);
    expect(read().state).toEqual(STATE);
    expect(collected()).toBe(1);
  });

  test('writes now when asked to, and not again for what waited', async () => {
    const { clock, writer, collected } = createWriter();
    writer.saveSoon();
    writer.save();
    await clock.advance(1000);
    expect(collected()).toBe(1);
  });

  test('says once that it can not write, and once that it can again', () => {
    const blocked = join(folder, 'file', 'state.json');
    writeFileSync(join(folder, 'file'), '');
    const { log, writer } = createWriter(blocked);
    for (let i = 0; i < 3; i++) writer.save();
    expect(log.lines.map(({ level, message }) => [level, message])).toEqual([
      ['error', 'state file can not be written'],
    ]);
    rmSync(join(folder, 'file'));
    for (let i = 0; i < 3; i++) writer.save();
    expect(log.lines.slice(1).map(({ message }) => message)).toEqual([
      'state file can be written again',
    ]);
  });

  test('writes by itself once there is room again, and then no more', async () => {
    const blocked = join(folder, 'file', 'state.json');
    writeFileSync(join(folder, 'file'), '');
    const { clock, log, writer, collected } = createWriter(blocked);
    writer.save();
    await clock.advance(60_000);
    expect(writer.warnings()).toHaveLength(1);
    rmSync(join(folder, 'file'));
    await clock.advance(5000);
    expect(writer.warnings()).toEqual([]);
    expect(existsSync(blocked)).toBe(true);
    expect(log.lines.map(({ level }) => level)).toEqual(['error', 'info']);
    const tries = collected();
    expect(tries).toBeLessThan(20);
    await clock.advance(60_000);
    expect(collected()).toBe(tries);
  });

  test('does not try again after its last write', () => {
    writeFileSync(join(folder, 'file'), '');
    const { clock, writer } = createWriter(join(folder, 'file', 'state.json'));
    writer.save();
    writer.stop();
    expect(clock.pending).toBe(0);
  });
});
