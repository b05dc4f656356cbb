import { PATHS } from '../sys/paths.ts';
import type { Command } from './command.ts';

export const tryCommand: Command = {
  name: 'try',
  synopsis: '[-f FILE] BACKEND [CHECK] | --action NAME [--event up|down] [BACKEND]',
  summary: 'run a check or an action here, as hfmd would, and show its output',
  details: `Needs no running hfmd. Run by root, it takes hfmd's user, groups and working directory.
Run by another user, it stays that user and says so.
  -f, --file FILE  the configuration (that of the running hfmd, else ${PATHS.config})
  --action NAME    an action that a backend names in on_up or on_down
  --event EVENT    the change that the action sees: up or down (down)
Exits 1 when a check does not pass or an action does not exit 0.`,
  options: {
    file: { type: 'string', short: 'f' },
    action: { type: 'string' },
    event: { type: 'string' },
  },
  // Loaded only here: it brings undici, execa and toml.
  run: async (context, args) => (await import('./trials.ts')).runTrials(context, args),
};
