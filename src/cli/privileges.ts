import { PATHS } from '../sys/paths.ts';
import type { Command } from './command.ts';

export const privilegesCommand: Command = {
  name: 'privileges',
  synopsis: 'doas|sudo [-f FILE] [--user NAME]',
  summary: 'print the rules that let hfmd reach pf without being root',
  details: `For doas.conf(5), or a file of sudoers.d: a rule for each command that hfmd runs with this
configuration, with exactly its arguments. hfmd need not run, and nothing is changed.
  -f, --file FILE  the configuration (${PATHS.config})
  --user NAME      the user that hfmd runs as (_hfm)
What must change in the configuration is printed on stderr. Where no rule can express
a command, no rules are printed and the exit status is 1.`,
  options: {
    file: { type: 'string', short: 'f' },
    user: { type: 'string' },
  },
  // Loaded only here: it brings toml.
  run: async (context, args) => (await import('./rules-for.ts')).printRules(context, args),
};
