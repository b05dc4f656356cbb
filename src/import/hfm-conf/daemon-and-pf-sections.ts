import type { Note } from '../draft/note.ts';
import type { TomlTable } from '../draft/toml-text.ts';
import type { RuleDraft } from './rule-draft.ts';

/** The keys of `[daemon]`: a max_scripts where the default is too small; null where it is not. */
export function daemonKeys(drafts: readonly RuleDraft[]): TomlTable | null {
  // The same sum as in `requireEnoughScripts` of the configuration.
  const needed = drafts
    .filter(({ check, mode }) => check.keys.type === 'script' && mode === 'check')
    .map(({ times }) => times.timeoutMs / Math.min(times.intervalMs, times.downIntervalMs))
    .reduce((sum, share) => sum + share, 0);
  return needed > DEFAULT_MAX_SCRIPTS ? { max_scripts: Math.ceil(needed - 1e-9) } : null;
}

const DEFAULT_MAX_SCRIPTS = 32;

/** The keys of `[pf]` where the original runs pfctl by doas or sudo; null where it does not. */
export function pfKeys(drafts: readonly RuleDraft[], notes: Note[]): TomlTable | null {
  const commands = new Map<string, readonly string[]>();
  for (const command of drafts.flatMap(({ pfctl }) => pfctl)) {
    commands.set(command.map(absolute).join(' '), command);
  }
  const [written, ...others] = [...commands.values()].toSorted((a, b) => b.length - a.length);
  const noteLook = (message: string): void => {
    notes.push({ kind: 'look', line: 0, rule: null, message });
  };
  if (written === undefined) return null;
  if (others.length > 0) {
    noteLook(`pfctl is run in ${others.length + 1} ways; hfm always runs it as in [pf]`);
  }
  const command = written.map(absolute);
  if (command.length === 1 && command[0] === '/sbin/pfctl') return null;
  if (written.length > 1 && written[0] !== command[0]) {
    noteLook(
      `the original looks up ${written[0]} in PATH; [pf] has ${command[0]}, which may be elsewhere here`,
    );
  }
  return { pfctl: command };
}

function absolute(word: string): string {
  return USUAL_PATHS[word] ?? word;
}

/** OpenBSD has doas in base, FreeBSD in a package; sudo is a package on both. */
const USUAL_PATHS: Readonly<Record<string, string>> = {
  pfctl: '/sbin/pfctl',
  doas: '/usr/bin/doas',
  sudo: '/usr/local/bin/sudo',
};
