import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Bench } from './setting.ts';

/** A pf without a kernel: tables in a folder, and a log of every call. */
export interface StandIn {
  /** The value of `pf.pfctl` in the configuration. */
  readonly command: readonly string[];
  table(name: string): readonly string[];
  calls(): readonly PfCall[];
}

/** One call of pfctl; times are `nowMs`. */
interface PfCall {
  readonly startMs: number;
  readonly endMs: number;
  readonly exit: number;
  readonly verb: string;
  readonly table: string;
  readonly count: number;
  /** The first address on its stdin; "-" for none. */
  readonly first: string;
}

/** Makes empty tables, as pf.conf would. */
export function createStandIn(bench: Bench, folder: string, tables: readonly string[]): StandIn {
  mkdirSync(folder, { recursive: true });
  for (const table of tables) writeFileSync(join(folder, `${table}.table`), '');
  return {
    command: [...bench.programs.pfctl, folder],
    table: (name) => linesOf(join(folder, `${name}.table`)),
    calls: () => linesOf(join(folder, 'calls.log')).map(parseCall),
  };
}

function parseCall(line: string): PfCall {
  const [clock, start, end, exit, verb = '', table = '', count, first = ''] = line.split(' ');
  // The stand-in in sh has the wall clock only.
  const offsetMs = clock === 'wall' ? Date.now() - Number(process.hrtime.bigint()) / 1e6 : 0;
  return {
    startMs: Number(start) / 1e6 - offsetMs,
    endMs: Number(end) / 1e6 - offsetMs,
    exit: Number(exit),
    verb,
    table,
    count: Number(count),
    first,
  };
}

/** Whole lines only. A missing file has none. */
function linesOf(path: string): string[] {
  try {
    const text = readFileSync(path, 'utf8');
    return text
      .slice(0, text.lastIndexOf('\n') + 1)
      .split('\n')
      .slice(0, -1);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
