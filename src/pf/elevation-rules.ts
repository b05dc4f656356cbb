import type { Elevation, Elevator } from './elevation.ts';

/** A rule of doas or sudo: a user may run one command as another user, with exactly these arguments. */
export interface Rule extends Elevation {
  readonly user: string;
  /** Whether the command only reads. hfmd runs such commands all the time, so they are not logged. */
  readonly isRead: boolean;
}

/** The rule as one line of doas.conf(5), or as a complete rule of sudoers(5). */
export function ruleText(rule: Rule): string {
  return rule.by === 'doas' ? doasRule(rule) : sudoRule(rule);
}

/**
 * All rules as a part of doas.conf(5) or a file of sudoers.d. They must have the same `by`, `user` and
 * `as`.
 */
export function rulesText(rules: readonly Rule[]): string {
  const [first] = rules;
  if (first === undefined) return '';
  return first.by === 'doas'
    ? rules.map((rule) => `${doasRule(rule)}\n`).join('')
    : sudoersText(first, rules);
}

/** Why a rule can't contain this word of a command; null when it can. */
export function whyInexpressible(by: Elevator, word: string): string | null {
  if (word === '') return 'an empty argument';
  const bad = (by === 'doas' ? /["\\\p{Cc}]|[^ -~]/u : /[^A-Za-z0-9_.,:=/@%+-]/u).exec(word)?.[0];
  if (bad !== undefined) return `${JSON.stringify(bad)} in ${JSON.stringify(word)}`;
  return word.length > MAX_WORD ? `a word of more than ${MAX_WORD} characters` : null;
}

/** doas reads a word into 1024 bytes, the final NUL included. */
const MAX_WORD = 1022;

/** doas.conf(5): `args` with nothing after it means no arguments; doas compares the command as typed. */
function doasRule({ user, as, argv, isRead }: Rule): string {
  const [program = '', ...args] = argv.map(doasWord);
  const options = isRead ? 'nopass nolog' : 'nopass';
  const [identity, target] = [user, as].map(doasWord);
  return ['permit', options, identity, 'as', target, 'cmd', program, 'args', ...args].join(' ');
}

const DOAS_KEYWORDS: ReadonlySet<string> = new Set(
  'permit deny as cmd args nopass nolog persist keepenv setenv'.split(' '),
);

function doasWord(word: string): string {
  const isPlain = /^[A-Za-z0-9_.,:=/@%+-]+$/.test(word) && !DOAS_KEYWORDS.has(word);
  return isPlain ? word : `"${word}"`;
}

function sudoRule({ user, as, ...command }: Rule): string {
  return `${user} ALL = (${as}) NOPASSWD: ${sudoCommand(command)}`;
}

/** sudoers(5): `""` means no arguments; `,`, `:`, `=` and `\` are escaped. */
function sudoCommand({ argv }: Pick<Rule, 'argv'>): string {
  const [program = '', ...args] = argv.map((word) => word.replace(/[,:=\\]/g, '\\$&'));
  return [program, ...(args.length === 0 ? ['""'] : args)].join(' ');
}

function sudoersText({ user, as }: Rule, rules: readonly Rule[]): string {
  const reads = rules.filter(({ isRead }) => isRead);
  const alias = (name: string, some: readonly Rule[]): string =>
    `Cmnd_Alias ${name} = \\\n    ${some.map(sudoCommand).join(', \\\n    ')}\n`;
  return [
    alias('HFM_READS', reads),
    alias(
      'HFM_CHANGES',
      rules.filter(({ isRead }) => !isRead),
    ),
    'Defaults!HFM_READS !log_allowed\n',
    'Defaults!HFM_READS, HFM_CHANGES !pam_session\n',
    `${user} ALL = (${as}) NOPASSWD: HFM_READS, HFM_CHANGES\n`,
  ].join('');
}
