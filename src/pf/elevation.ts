import { basename } from 'node:path';
import { type PfctlCommands, PLAIN_COMMANDS, SUDO_COMMANDS } from './commands.ts';

/** The programs that run a command as another user, when a rule allows the command. */
export type Elevator = 'doas' | 'sudo';

/** The parts of a command such as `doas -n /sbin/pfctl ...`. */
export interface Elevation {
  readonly by: Elevator;
  /** The user that the command runs as. */
  readonly as: string;
  /** The command itself. Its program is the first word after doas or sudo with an absolute path. */
  readonly argv: readonly string[];
}

/** Null for a command without doas or sudo in front, or without an absolute path after it. */
export function elevationOf(argv: readonly string[]): Elevation | null {
  const by = elevatorOf(argv);
  const at = argv.findIndex((word, i) => i > 0 && word.startsWith('/'));
  if (by === null || at < 0) return null;
  const user = argv.slice(0, at).indexOf('-u');
  return { by, as: (user < 0 ? undefined : argv[user + 1]) ?? 'root', argv: argv.slice(at) };
}

export function elevatorOf([program = '']: readonly string[]): Elevator | null {
  const name = basename(program);
  return name === 'doas' || name === 'sudo' ? name : null;
}

/** The form of pfctl's arguments that rules of doas or sudo can name exactly. */
export function commandsFor(elevator: Elevator | null): PfctlCommands {
  return elevator === 'sudo' ? SUDO_COMMANDS : PLAIN_COMMANDS;
}
