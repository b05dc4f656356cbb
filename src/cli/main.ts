import { parseArgs } from 'node:util';
import { createClient } from '../client/client.ts';
import { nearest } from '../core/nearest.ts';
import { PATHS, SOCKET_PATH_BYTES } from '../sys/paths.ts';
import { drainCommand, forceUpCommand, maintCommand, readyCommand } from './admin.ts';
import { checkCommand } from './check.ts';
import { columns } from './columns.ts';
import { type Args, type Command, type OptionSpecs, UsageError } from './command.ts';
import { eventsCommand } from './events.ts';
import { EXIT } from './exit-status.ts';
import { explainCommand } from './explain.ts';
import { importCommand } from './import.ts';
import { privilegesCommand } from './privileges.ts';
import { reloadCommand } from './reload.ts';
import { statusCommand } from './status.ts';
import { tablesCommand } from './tables.ts';
import type { Terminal } from './terminal.ts';
import { tryCommand } from './try.ts';
import { versionCommand } from './version.ts';

export const COMMANDS: readonly Command[] = [
  statusCommand,
  explainCommand,
  tablesCommand,
  drainCommand,
  maintCommand,
  readyCommand,
  forceUpCommand,
  checkCommand,
  tryCommand,
  eventsCommand,
  reloadCommand,
  importCommand,
  privilegesCommand,
  versionCommand,
];

const GLOBAL_OPTIONS = {
  socket: { type: 'string', short: 's' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
} as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Runs one hfmctl command line; returns its exit status. */
export async function runCli(
  argv: readonly string[],
  terminal: Terminal,
  env: Environment,
): Promise<number> {
  let command: Command | null = null;
  try {
    command = findCommand(argv);
    if (command === null) {
      terminal.out(generalHelp());
      return EXIT.ok;
    }
    const args = parse(command, argv);
    if (args.values.help === true || argv[0] === 'help') {
      terminal.out(commandHelp(command));
      return EXIT.ok;
    }
    const client = createClient(socketPath(args, env));
    return await command.run({ terminal, client, json: args.values.json === true }, args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    const help = command === null ? 'hfmctl --help' : `hfmctl ${command.name} --help`;
    terminal.err(`hfmctl: ${error.message}\nTry "${help}".\n`);
    return EXIT.usage;
  }
}

/** Node 20 would cut a path that is too long, and connect to the socket of that shorter path. */
function socketPath(args: Args, env: Environment): string {
  const path = String(args.values.socket ?? env.HFM_SOCKET ?? PATHS.socket);
  const bytes = Buffer.byteLength(path);
  if (bytes <= SOCKET_PATH_BYTES) return path;
  throw new UsageError(
    `found a socket path of ${bytes} bytes, expected ${SOCKET_PATH_BYTES} at most: ${path}`,
  );
}

/** The command is the first word that is not an option; null where only help is wanted. */
function findCommand(argv: readonly string[]): Command | null {
  const { tokens, values } = parseArgs({
    args: [...argv],
    options: GLOBAL_OPTIONS,
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const words = tokens.flatMap((token) => (token.kind === 'positional' ? [token.value] : []));
  const isHelp = words[0] === 'help';
  const word = isHelp ? words[1] : words[0];
  if (word === undefined) {
    if (isHelp || values.help === true) return null;
    throw new UsageError('expected a command');
  }
  const command = COMMANDS.find(({ name }) => name === word);
  if (command !== undefined) return command;
  const near = nearest(
    word,
    COMMANDS.map(({ name }) => name),
  );
  throw new UsageError(`no command "${word}"${near === null ? '' : `; did you mean "${near}"?`}`);
}

function parse(command: Command, argv: readonly string[]): Args {
  const options = { ...GLOBAL_OPTIONS, ...command.options };
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options,
      strict: true,
      allowPositionals: true,
    });
    return { values, positionals: positionals.slice(1) };
  } catch (error) {
    throw new UsageError(`${command.name}: ${optionError(error as Error, options)}`);
  }
}

/** Turns the error of node:util into one line, with the nearest known option. */
function optionError({ message }: Error, options: OptionSpecs): string {
  const unknown = /^Unknown option '([^']+)'/.exec(message)?.[1];
  if (unknown !== undefined) {
    const near = nearest(
      unknown,
      Object.keys(options).map((name) => `--${name}`),
    );
    return `no option ${unknown}${near === null ? '' : `; did you mean ${near}?`}`;
  }
  const ambiguous = /^Option '([^']+)' argument is ambiguous/.exec(message)?.[1];
  if (ambiguous !== undefined) return `${ambiguous} expects a value, which does not begin with "-"`;
  return message.split('\n', 1)[0] ?? message;
}

function generalHelp(): string {
  const rows = COMMANDS.map(({ name, summary }) => [`  ${name}`, summary]);
  return `usage: hfmctl [-s SOCKET] [--json] COMMAND [ARGUMENT ...]

${columns(rows)}
  -s, --socket SOCKET  the control socket ($HFM_SOCKET, or ${PATHS.socket})
  --json               print JSON
  -h, --help           after a command: what it does

Exits 0 when all is well; 1 when something is down, kept in only by min_in_service,
or not proven in pf, or when hfmd refused; 2 when hfmd can't be reached; 3 when a
wait timed out; 64 when the command line is wrong.
`;
}

function commandHelp({ name, synopsis, summary, details }: Command): string {
  const usage = `usage: hfmctl [-s SOCKET] [--json] ${name} ${synopsis}`.trimEnd();
  return `${usage}\n\n${summary}${details === '' ? '' : `\n\n${details}`}\n`;
}
