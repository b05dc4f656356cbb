import { formatDuration } from '../../core/duration.ts';
import type { TomlTable, TomlValue } from '../draft/toml-text.ts';
import type { RuleDraft } from './rule-draft.ts';

/** The times of all rules: what most have in common, and the differences of each. */
export interface SharedTimes {
  readonly defaults: TomlTable;
  of(draft: RuleDraft): TomlTable;
}

export function shareTimes(drafts: readonly RuleDraft[]): SharedTimes {
  const hasDownInterval = drafts.some(({ times }) => times.downIntervalMs !== times.intervalMs);
  const tables = new Map(drafts.map((draft) => [draft, timeKeys(draft, hasDownInterval)]));
  const all = [...tables.values()];
  const keys = [...new Set(all.flatMap((table) => Object.keys(table)))];
  // A rule must not inherit from [defaults] what it does not set itself.
  const common = keys.filter((key) => all.every((table) => table[key] !== undefined));
  const defaults = Object.fromEntries(
    common
      .map((key) => [key, mostFrequent(all.flatMap((table) => table[key] ?? []))] as const)
      .filter(([key, value]) => !OPTIONAL.includes(key) || all.every((one) => one[key] === value)),
  );
  return {
    defaults,
    of: (draft) =>
      Object.fromEntries(
        Object.entries(tables.get(draft) ?? {}).filter(([key, value]) => defaults[key] !== value),
      ),
  };
}

const OPTIONAL = ['mode', 'interrupt_after', 'start_delay'];

function timeKeys({ mode, times }: RuleDraft, hasDownInterval: boolean): TomlTable {
  return {
    ...(mode === 'check' ? {} : { mode }),
    interval: formatDuration(times.intervalMs),
    fast_interval: formatDuration(times.fastIntervalMs),
    ...(hasDownInterval ? { down_interval: formatDuration(times.downIntervalMs) } : {}),
    timeout: formatDuration(times.timeoutMs),
    ...(times.interruptAfterMs === null
      ? {}
      : { interrupt_after: formatDuration(times.interruptAfterMs) }),
    rise: times.rise,
    fall: times.fall,
    ...(times.startDelayMs === 0 ? {} : { start_delay: formatDuration(times.startDelayMs) }),
  };
}

function mostFrequent(values: readonly TomlValue[]): TomlValue {
  const counts = new Map<TomlValue, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [best] = [...counts].sort(([, a], [, b]) => b - a);
  return best?.[0] ?? '';
}
