/** One thing that is wrong with a configuration. */
export interface Issue {
  readonly file: string;
  /** Counted from 1; 0 when it is about the file as a whole. */
  readonly line: number;
  /** Dotted, as in TOML; empty when it is about the file as a whole. */
  readonly key: string;
  /** What was found and what was expected, without a capital letter and a full stop. */
  readonly message: string;
}

export type Report = (issue: Issue) => void;

/** `file:line: key: message`, without a line or a key where there is none. */
export function formatIssue({ file, line, key, message }: Issue): string {
  const place = line > 0 ? `${file}:${line}` : file;
  return key === '' ? `${place}: ${message}` : `${place}: ${key}: ${message}`;
}

/** A value as an error message shows it. */
export function describe(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(shorten(value));
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (value instanceof Date) return 'a date';
  if (typeof value === 'object' && value !== null) return 'a table';
  return String(value);
}

function shorten(text: string): string {
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
