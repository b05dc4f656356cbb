const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Parses a duration such as "200ms", "1.5s", "5m" or "1h30m" into milliseconds; null when it is not
 * one. A number without a unit is refused.
 */
export function parseDuration(text: string): number | null {
  if (!/^([0-9]+(\.[0-9]+)?(ms|s|m|h|d))+$/.test(text)) return null;
  let totalMs = 0;
  for (const [, number = '', unit = ''] of text.matchAll(/([0-9]+(?:\.[0-9]+)?)(ms|s|m|h|d)/g)) {
    totalMs += Number(number) * (UNIT_MS[unit] ?? 0);
  }
  return totalMs;
}

/** Formats milliseconds as the configuration writes them, exactly: "500ms", "2.5s", "1m30s", "1h". */
export function formatDuration(ms: number): string {
  if (ms < 1000) return ms === 0 ? '0s' : `${trimNumber(ms)}ms`;
  const hours = Math.floor(ms / 3_600_000);
  const minutes = Math.floor((ms % 3_600_000) / 60_000);
  const seconds = (ms % 60_000) / 1000;
  return [
    hours > 0 ? `${hours}h` : '',
    minutes > 0 ? `${minutes}m` : '',
    seconds > 0 ? `${trimNumber(seconds)}s` : '',
  ].join('');
}

/** Formats an age for people, rounded down: "0s", "45s", "3m12s", "2h05m", "4d03h". */
export function formatAge(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  if (seconds < 60) return `${seconds}s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes}m${pad(seconds % 60)}s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 48) return `${hours}h${pad(minutes % 60)}m`;
  return `${Math.floor(hours / 24)}d${pad(hours % 24)}h`;
}

function trimNumber(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

function pad(value: number): string {
  return String(value).padStart(2, '0');
}
