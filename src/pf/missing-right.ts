import type { PfError } from './driver.ts';
import { elevationOf } from './elevation.ts';
import { type Rule, ruleText } from './elevation-rules.ts';

/** A command that pf, doas or sudo refused. */
export interface RefusedCommand {
  readonly argv: readonly string[];
  readonly isRead: boolean;
  /** The user that ran it. */
  readonly user: string;
}

/** Adds the missing rule of doas or sudo to the message of a permission error. */
export function withMissingRight(error: PfError, command: RefusedCommand): PfError {
  if (error.kind !== 'permission') return error;
  const right = missingRight(error.message, command);
  return right === null ? error : { ...error, message: `${error.message}; ${right}` };
}

function missingRight(message: string, { argv, isRead, user }: RefusedCommand): string | null {
  const elevation = elevationOf(argv);
  if (elevation === null) {
    if (user === 'root' || !message.includes(': /dev/pf: ')) return null;
    return `hfmd runs as ${user}: let pf.pfctl run pfctl by doas or sudo ("hfmctl privileges" prints the rules), or run hfmd as root`;
  }
  const { by } = elevation;
  // Without this, doas or sudo has allowed the command, and pfctl itself was refused.
  if (!message.includes(`: ${by}: `)) return null;
  // For example `hfmd -n` run by root: doas wants a rule for root too.
  if (user === 'root') return 'root itself has no rule: run it as the user that hfmd runs as';
  if (isOpenEnded(elevation.argv)) return `this takes pf.helper, see "hfmctl privileges ${by}"`;
  const rule: Rule = { ...elevation, user, isRead };
  const file = by === 'doas' ? 'doas.conf' : 'sudoers';
  return `it takes this rule in ${file}: ${ruleText(rule)} ("hfmctl privileges ${by}" prints all of them)`;
}

/** Whether the arguments vary, so that no rule can name them ahead. */
function isOpenEnded(argv: readonly string[]): boolean {
  return argv.some((word) => word === '-k' || word === '-K');
}
