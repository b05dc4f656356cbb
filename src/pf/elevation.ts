import { basename } from 'node:path';
import { type PfctlCommands, PLAIN, SEALED } from './commands.ts';

/** What runs a command as another user, by rules that name it. */
export type Elevator = 'doas' | 'sudo';

/** A command such as `doas -n /sbin/pfctl ...`, taken apart. */
export interface Elevation {
  readonly by: Elevator;
  /** The user to run it as. */
  readonly as: string;
  /** What is run, its program first: the first word after doas or sudo that is an absolute path. */
  readonly argv: readonly string[];
}

/** Null for a command that begins with neither doas nor sudo, or has no absolute path after it. */
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

/** The arguments of pfctl as the one in front of it can name them exactly. */
export function commandsFor(elevator: Elevator | null): PfctlCommands {
  return elevator === 'sudo' ? SEALED : PLAIN;
}
