import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import type { Row } from './row.ts';

export interface Options {
  /** Longer windows and more runs: the figures to quote. */
  readonly isFull: boolean;
  /** Where the report goes as JSON. */
  readonly json: string | null;
  /** The hfmd to measure; null for the one of this project, installed. */
  readonly hfmd: string | null;
  isWanted(row: Row): boolean;
}

const USAGE = 'usage: npm run bench -- [--full] [--json FILE] [--hfmd FILE] [--list] [ROW...]';

/** Reads the command line. Ends the process if there is nothing to run. */
export function readOptions(args: readonly string[], rows: readonly Row[]): Options {
  const { values, positionals } = parse(args);
  if (values.help === true) leave(0, `${USAGE}\n\nsee bench/README.md`);
  if (values.list === true) {
    leave(0, rows.map(({ name, title }) => `${name.padEnd(16)}${title}`).join('\n'));
  }
  const unknown = positionals.filter((name) => !rows.some((row) => row.name === name));
  if (unknown.length > 0) leave(64, `bench: no such row: ${unknown.join(' ')}; see --list`);
  const isFull = values.full === true;
  const hfmd = values.hfmd ?? process.env.HFM_BENCH_HFMD;
  return {
    isFull,
    json: values.json ?? null,
    hfmd: hfmd === undefined ? null : resolve(hfmd),
    isWanted: ({ name, isLong }) =>
      positionals.length === 0 ? isFull || isLong !== true : positionals.includes(name),
  };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        full: { type: 'boolean' },
        json: { type: 'string' },
        hfmd: { type: 'string' },
        list: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    return leave(64, `bench: ${(error as Error).message}\n${USAGE}`);
  }
}

function leave(code: number, text: string): never {
  (code === 0 ? process.stdout : process.stderr).write(`${text}\n`);
  process.exit(code);
}
