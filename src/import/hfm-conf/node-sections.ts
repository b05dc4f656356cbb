import type { Note } from '../draft/note.ts';
import type { TomlTable } from '../draft/toml-text.ts';
import type { RuleDraft } from './rule-draft.ts';

/** `[daemon]`, where there are more scripts than hfm runs at once by default; null where not. */
export function daemonKeys(drafts: readonly RuleDraft[]): TomlTable | null {
  // As `hfmd -n` counts them: hanging scripts run for their whole timeout.
  const load = drafts
    .filter(({ check, mode }) => check.keys.type === 'script' && mode === 'check')
    .map(({ times }) => times.timeoutMs / Math.min(times.intervalMs, times.downIntervalMs))
    .reduce((sum, share) => sum + share, 0);
  return load > DEFAULT_MAX_SCRIPTS ? { max_scripts: Math.ceil(load - 1e-9) } : null;
}

const DEFAULT_MAX_SCRIPTS = 32;

/** `[pf]`, where the original put doas or sudo before pfctl; null where it did not. */
export function pfKeys(drafts: readonly RuleDraft[], notes: Note[]): TomlTable | null {
  const commands = new Map<string, readonly string[]>();
  for (const command of drafts.flatMap(({ pfctl }) => pfctl)) {
    commands.set(command.map(absolute).join(' '), command);
  }
  const [written, ...others] = [...commands.values()].toSorted((a, b) => b.length - a.length);
  const tell = (message: string): void => {
    notes.push({ kind: 'look', line: 0, rule: null, message });
  };
  if (written === undefined) return null;
  if (others.length > 0) {
    tell(`pfctl is run in ${others.length + 1} ways; hfm has one for all, as in [pf]`);
  }
  const command = written.map(absolute);
  if (command.length === 1 && command[0] === '/sbin/pfctl') return null;
  if (written.length > 1 && written[0] !== command[0]) {
    tell(
      `${written[0]} was found by its PATH; in [pf] it is ${command[0]}, which may be elsewhere here`,
    );
  }
  return { pfctl: command };
}

function absolute(word: string): string {
  return HOMES[word] ?? word;
}

/** OpenBSD has doas in base, FreeBSD in a package; sudo is a package on both. */
const HOMES: Readonly<Record<string, string>> = {
  pfctl: '/sbin/pfctl',
  doas: '/usr/bin/doas',
  sudo: '/usr/local/bin/sudo',
};
