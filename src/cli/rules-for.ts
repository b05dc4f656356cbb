import type { Config } from '../config/config.ts';
import { loadConfig } from '../config/load.ts';
import { oneLine } from '../core/one-line.ts';
import { type Elevator, elevationOf, elevatorOf } from '../pf/elevation.ts';
import { type Rule, rulesText, ruleText, whyInexpressible } from '../pf/elevation-rules.ts';
import { HELPER, helperWarning, neededRules } from '../pf/needed-rules.ts';
import { PATHS } from '../sys/paths.ts';
import { whyNotRunnable } from '../sys/program-file.ts';
import { type Args, type Context, onlyName, printJson, text, UsageError } from './command.ts';
import { EXIT } from './exit-status.ts';

/** Runs `hfmctl privileges`; returns its exit status. */
export async function printRules(context: Context, args: Args): Promise<number> {
  const { terminal, json } = context;
  const by = onlyName(args, '"doas" or "sudo"');
  if (by !== 'doas' && by !== 'sudo') {
    throw new UsageError(`found "${by}", expected "doas" or "sudo"`);
  }
  const user = text(args, 'user') ?? '_hfm';
  if (!USER_NAME.test(user)) {
    throw new UsageError(`--user: found "${user}", expected the name of a user`);
  }
  const file = text(args, 'file') ?? PATHS.config;
  const loaded = loadConfig(file);
  if (!loaded.ok) return refuse(context, loaded.errors);
  const unnamed = unnamedPrograms(loaded.config);
  if (unnamed.length > 0) return refuse(context, unnamed);
  const { config, note } = asRunBy(by, loaded.config);
  const rules = neededRules(config, by, user);
  const inexpressible = inexpressibleBy(by, rules);
  if (inexpressible.length > 0) return refuse(context, inexpressible);
  const notes = [note ?? [], helperWarning(config) ?? []].flat();
  const origin = `# ${user}, for ${oneLine(file, 200)}; made by "hfmctl privileges ${by}"\n`;
  const print = `${origin}${rulesText(rules)}`;
  if (json) {
    const shown = rules.map((rule) => {
      return { argv: rule.argv, as: rule.as, reads: rule.isRead, rule: ruleText(rule) };
    });
    printJson(context, { by, user, rules: shown, text: print, notes });
  } else terminal.out(print);
  for (const one of notes) terminal.err(`hfmctl: ${one}\n`);
  return EXIT.ok;
}

/** In sudoers(5) a name in capitals is an alias. */
const USER_NAME = /^[a-z_][a-z0-9_.-]{0,31}$/;

function unnamedPrograms({ pf }: Config): string[] {
  const commands = [
    ['pf.pfctl', pf.pfctl],
    ['pf.helper', pf.helper ?? []],
  ] as const;
  return commands.flatMap(([key, argv]) => {
    const by = elevatorOf(argv);
    if (by === null || elevationOf(argv) !== null) return [];
    return [`${key}: found no absolute path after ${by}, so that no rule can name the program`];
  });
}

/** Why no rules can be printed. Written into a rule, these words would mean something else. */
function inexpressibleBy(by: Elevator, rules: readonly Rule[]): string[] {
  const users = [...new Set(rules.map(({ as }) => as))];
  const mixed = users.length > 1 ? [`pf.pfctl and pf.helper run as ${users.join(' and as ')}`] : [];
  const strange = users.filter((one) => !USER_NAME.test(one)).map((one) => `the user "${one}"`);
  const words = new Set(rules.flatMap(({ argv }) => argv));
  const reasons = [...words].flatMap((word) => whyInexpressible(by, word) ?? []);
  return [
    ...mixed,
    ...[...strange, ...reasons].map((why) => `no rule of ${by} can express ${why}`),
  ];
}

/** The configuration for which these rules work, and how to change the present one to it. */
function asRunBy(by: Elevator, config: Config): { config: Config; note: string | null } {
  const { pf } = config;
  const isRunBy = (argv: readonly string[]): boolean => elevatorOf(argv) === by;
  if (isRunBy(pf.pfctl) && (pf.helper === null || isRunBy(pf.helper))) {
    return { config, note: null };
  }
  const front = [pathOf(by), '-n'];
  const runBy = (argv: readonly string[]): readonly string[] =>
    isRunBy(argv) ? argv : [...front, ...(elevationOf(argv)?.argv ?? argv)];
  const pfctl = runBy(pf.pfctl);
  const helper = runBy(pf.helper ?? [HELPER]);
  const settings = `pfctl = ${tomlArray(pfctl)} and helper = ${tomlArray(helper)}`;
  return {
    config: { ...config, pf: { ...pf, pfctl, helper } },
    note: `[pf] does not run ${by} yet; for these rules set ${settings}`,
  };
}

/** Packages install into /usr/local/bin; the base system of OpenBSD has doas in /usr/bin. */
function pathOf(by: Elevator): string {
  const packaged = `/usr/local/bin/${by}`;
  return whyNotRunnable(packaged) === null ? packaged : `/usr/bin/${by}`;
}

/** A JSON string is a TOML string too. */
function tomlArray(words: readonly string[]): string {
  return `[${words.map((word) => JSON.stringify(word)).join(', ')}]`;
}

function refuse(context: Context, errors: readonly string[]): number {
  if (context.json) printJson(context, { error: errors[0], errors });
  for (const error of errors) context.terminal.err(`${error}\n`);
  return EXIT.degraded;
}
