import { readFileSync } from 'node:fs';
import type { Os, SourceNode, State, Status } from './seed.mjs';

/** A recorded command; its `@1000` and `@70000` stand for that many addresses. */
export interface Command {
  readonly argv: readonly string[];
  readonly stdin?: string;
}

export interface TableEntry extends Command {
  readonly id: string;
  readonly os: Os;
  readonly note: string;
  /** the user that ran it; root without */
  readonly user?: string;
  readonly precondition: readonly (Command | readonly string[])[];
  readonly stdout: string;
  readonly stderr: string;
  readonly exit_code: number;
}

/** What the traffic before a step left in pf. */
export interface Seed {
  readonly states?: readonly State[];
  readonly sources?: readonly SourceNode[];
  /** the number of states, when only that matters */
  readonly stateCount?: number;
  readonly status?: Omit<Partial<Status>, 'since'> & { readonly sinceAgoS: number };
}

export interface Step extends Command {
  /** absent for a command that was not recorded, but run between recorded ones */
  readonly id?: string;
  readonly seed?: Seed;
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exit_code: number;
}

export interface Session {
  readonly id: string;
  readonly os: Os;
  readonly steps: readonly Step[];
}

export const tableEntries: readonly TableEntry[] = read('tables.json');
export const sessions: readonly Session[] = read('sessions.json');

/** A precondition in one form. */
export function asCommand(command: Command | readonly string[]): Command {
  return 'argv' in command ? command : { argv: command };
}

/**
 * The arguments and the input of a command, with `@1000` and the like replaced by addresses.
 * @param folder replaces /tmp of the recorded machine
 */
export function expand(
  { argv, stdin = '' }: Command,
  folder: string,
): { args: string[]; stdin: string } {
  const args = argv
    .slice(1)
    .flatMap((word) =>
      word === '@1000' ? addresses(1000) : [word.replace('/tmp/', `${folder}/`)],
    );
  const text = stdin
    .replace('@1000', () => addresses(1000).join('\n'))
    .replace('@70000', () => addresses(70_000).join('\n'))
    .replace('/tmp/', `${folder}/`);
  return { args, stdin: text };
}

/** The output without what differs from run to run: dates, durations, rates and random keys. */
export function normalised(output: string): string {
  return output
    .replace(/Cleared: {5}.*/g, 'Cleared: WHEN')
    .replace(/for \d+ days \d\d:\d\d:\d\d/g, 'for TIME')
    .replace(/ +\d+\.\d\/s$/gm, ' RATE')
    .replace(/(entries|half-open tcp) +(\d+) +$/gm, '$1 $2')
    .replace(/source-hash 0x[0-9a-f]{32}/g, 'source-hash KEY');
}

function addresses(count: number): string[] {
  return Array.from({ length: count }, (_, i) =>
    count === 1000
      ? `10.1.${Math.floor(i / 250)}.${(i % 250) + 1}`
      : `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`,
  );
}

function read<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`./transcripts/${name}`, import.meta.url), 'utf8')) as T;
}
