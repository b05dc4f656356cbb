/** A value of the resulting hfm.toml. */
export type TomlValue = string | number | boolean | readonly TomlValue[] | TomlTable;

export interface TomlTable {
  readonly [key: string]: TomlValue;
}

/** The lines of a section: `[check.http]`, then one for each key. */
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

/** TOML 1.0: a multi-line literal string drops the newline after its opening quotes. */
function stringText(text: string): string {
  const isPlain = !/[^\n\t\x20-\x7e\u00a0-\uffff]|'''|'$/.test(text);
  if (text.includes('\n') && isPlain) return `'''\n${text}'''`;
  // TOML has all escapes of JSON. Only DEL must be escaped in TOML and is not in JSON.
  return JSON.stringify(text).replace(/\x7f/g, '\\u007f');
}

function keyText(key: string): string {
  return /^[A-Za-z0-9_-]+$/.test(key) ? key : JSON.stringify(key);
}
