/** What a value of the result can be. */
export type TomlValue = string | number | boolean | readonly TomlValue[] | TomlTable;

export interface TomlTable {
  readonly [key: string]: TomlValue;
}

/** `[check.http]` and its keys, a line each. */
export function section(name: readonly string[], table: TomlTable): string[] {
  return [`[${name.map(keyText).join('.')}]`, ...assignments(table)];
}

function assignments(table: TomlTable): string[] {
  return Object.entries(table).map(([key, value]) => `${keyText(key)} = ${valueText(value)}`);
}

function valueText(value: TomlValue): string {
  if (typeof value === 'string') return stringText(value);
  if (typeof value !== 'object') return String(value);
  if (isList(value)) return `[${value.map(valueText).join(', ')}]`;
  const pairs = Object.entries(value).map(([key, item]) => `${keyText(key)} = ${valueText(item)}`);
  return pairs.length === 0 ? '{}' : `{ ${pairs.join(', ')} }`;
}

function isList(value: TomlValue): value is readonly TomlValue[] {
  return Array.isArray(value);
}

/** TOML 1.0: a literal string over many lines drops the newline behind its opening quotes. */
function stringText(text: string): string {
  const isPlain = !/[^\n\t\x20-\x7e\u00a0-\uffff]|'''|'$/.test(text);
  if (text.includes('\n') && isPlain) return `'''\n${text}'''`;
  // JSON's escapes are all TOML's as well; DEL alone must be escaped in TOML and is not in JSON.
  return JSON.stringify(text).replace(/\x7f/g, '\\u007f');
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
