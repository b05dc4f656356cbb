import type { ParseArgsConfig } from 'node:util';
import type { Answer, Client } from '../client/client.ts';
import { EXIT } from './exit-status.ts';
import { paint, type Terminal } from './terminal.ts';

export type OptionSpecs = NonNullable<ParseArgsConfig['options']>;

/** One of hfmctl's commands. */
export interface Command {
  readonly name: string;
  /** After the name, as in a man page's synopsis. */
  readonly synopsis: string;
  readonly summary: string;
  /** The rest of `--help`: what the options mean. */
  readonly details: string;
  readonly options: OptionSpecs;
  run(context: Context, args: Args): Promise<number>;
}

export interface Context {
  readonly terminal: Terminal;
  readonly client: Client;
  readonly json: boolean;
}

export interface Args {
  readonly positionals: readonly string[];
  readonly values: Readonly<Record<string, string | boolean | (string | boolean)[] | undefined>>;
}

/** The command line is wrong. The message goes to stderr, with a pointer to the help. */
export class UsageError extends Error {}

/** Prints why a request failed; returns the exit status for it. */
export function failed(
  { terminal, json }: Context,
  answer: Exclude<Answer<unknown>, { kind: 'ok' }>,
): number {
  if (answer.kind !== 'refused') {
    if (json) terminal.out(`${JSON.stringify({ error: answer.error })}\n`);
    terminal.err(`hfmctl: ${answer.error}\n`);
    return answer.kind === 'timed-out' ? EXIT.timedOut : EXIT.unreachable;
  }
  if (json) terminal.out(`${JSON.stringify(answer.error)}\n`);
  terminal.err(`hfmctl: ${paint(terminal, 'red', 'refused')}: ${answer.error.error}\n`);
  for (const line of answer.error.errors ?? []) terminal.err(`${line}\n`);
  return EXIT.degraded;
}

export function printJson({ terminal }: Context, value: unknown): void {
  terminal.out(`${JSON.stringify(value, null, 2)}\n`);
}

export function text(args: Args, name: string): string | null {
  const value = args.values[name];
  return typeof value === 'string' ? value : null;
}

export function isSet(args: Args, name: string): boolean {
  return args.values[name] === true;
}

/** The one positional of a command that takes exactly one. */
export function onlyName({ positionals }: Args, what: string): string {
  const [name] = positionals;
  if (name === undefined) throw new UsageError(`expected ${what}`);
  if (positionals.length > 1) {
    throw new UsageError(`expected ${what} only, found also "${positionals[1]}"`);
  }
  return name;
}
