import type { Elevation, Elevator } from './elevation.ts';

/** One command that a user may run as another, with exactly these arguments. */
export interface Rule extends Elevation {
  readonly user: string;
  /** Whether it only reads, which is done all the time and need not be logged. */
  readonly isRead: boolean;
}

/** A rule as one line of doas.conf(5), or a whole rule of sudoers(5). */
export function ruleText(rule: Rule): string {
  return rule.by === 'doas' ? doasRule(rule) : sudoRule(rule);
}

/** All of them as a part of doas.conf(5) or a file of sudoers.d. Of one user, as one other. */
export function rulesText(rules: readonly Rule[]): string {
  const [first] = rules;
  if (first === undefined) return '';
  return first.by === 'doas'
    ? rules.map((rule) => `${doasRule(rule)}\n`).join('')
    : sudoersText(first, rules);
}

/** Why the rules of doas or sudo can't say this word, or null where they can. */
export function whyInexpressible(by: Elevator, word: string): string | null {
  if (word === '') return 'an empty argument';
  const bad = (by === 'doas' ? /["\\\p{Cc}]|[^ -~]/u : /[^A-Za-z0-9_.,:=/@%+-]/u).exec(word)?.[0];
  if (bad !== undefined) return `${JSON.stringify(bad)} in ${JSON.stringify(word)}`;
  return word.length > MAX_WORD ? `a word of more than ${MAX_WORD} characters` : null;
}

/** doas reads a word into 1024 bytes, the final NUL included. */
const MAX_WORD = 1022;

/** doas.conf(5): `args` with nothing after it means no arguments; the command is compared as typed. */
function doasRule({ user, as, argv, isRead }: Rule): string {
  const [program = '', ...args] = argv.map(doasWord);
  const options = isRead ? 'nopass nolog' : 'nopass';
  const [who, whom] = [user, as].map(doasWord);
  return ['permit', options, who, 'as', whom, 'cmd', program, 'args', ...args].join(' ');
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

/** sudoers(5): `""` means no arguments; `,`, `:`, `=` and `\` have meanings of their own. */
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
