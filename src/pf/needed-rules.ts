import type { Config } from '../config/config.ts';
import type { TableVerb } from './commands.ts';
import { commandsFor, type Elevator, elevationOf, elevatorOf } from './elevation.ts';
import type { Rule } from './elevation-rules.ts';

type PfNeeds = Pick<Config, 'pf' | 'pools'>;

/** Where install.sh puts libexec/pf-end. */
export const HELPER = '/usr/local/libexec/hfm/pf-end';

/**
 * The rules that a configuration needs: one for each command that hfmd runs. They are for `by`, even
 * if the configuration names the other program, or none.
 */
export function neededRules({ pf, pools }: PfNeeds, by: Elevator, user: string): Rule[] {
  const commands = commandsFor(by);
  const rules = new Map<string, Rule>();
  const need = (argv: readonly string[], isRead: boolean): void => {
    const { as, argv: run } = elevationOf(argv) ?? { as: 'root', argv };
    rules.set(JSON.stringify(run), { user, by, as, argv: run, isRead });
  };
  for (const pool of pools) {
    const verbs: readonly TableVerb[] = pool.exclusive
      ? ['show', 'add', 'delete', 'replace']
      : ['show', 'add', 'delete'];
    for (const verb of verbs) need([...pf.pfctl, ...commands.table(verb, pool)], verb === 'show');
  }
  for (const { anchor } of pools) need([...pf.pfctl, ...commands.tables(anchor)], true);
  need([...pf.pfctl, ...commands.states({ ids: false })], true);
  if (pools.some(({ killSources }) => killSources === 'auto')) {
    need([...pf.pfctl, ...commands.sources()], true);
  }
  if (pf.helper !== null) {
    need([...pf.pfctl, ...commands.states({ ids: true })], true);
    need(pf.helper, false);
  }
  return [...rules.values()];
}

/** A warning when a configuration needs the helper and does not set it; null when nothing is missing. */
export function helperWarning({ pf, pools }: PfNeeds): string | null {
  const by = elevatorOf(pf.pfctl);
  if (pf.driver === 'memory' || by === null || pf.helper !== null) return null;
  const states = pools.filter(({ killStates }) => killStates !== 'never');
  const sources = pools.filter(({ killSources }) => killSources === 'auto');
  const wanted = [
    ...states.map(({ name }) => `kill_states of ${name}`),
    ...sources.map(({ name }) => `kill_sources of ${name}`),
  ];
  if (wanted.length === 0) return null;
  const instead = states.length === 0 ? '; or kill_sources = "never"' : '';
  return `pf.helper is not set, and no rule of ${by} can name arguments that are not known ahead: set helper = ["${pf.pfctl[0]}", "-n", "${HELPER}"] for ${listed(wanted)}${instead}`;
}

const SHOWN = 3;

function listed(wanted: readonly string[]): string {
  const more = wanted.length - SHOWN;
  const shown = wanted.slice(0, SHOWN).join(', ');
  return more > 0 ? `${shown} and ${more} more` : shown;
}
