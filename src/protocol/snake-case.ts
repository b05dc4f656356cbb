/** `durationMs` as `duration_ms`. */
type SnakeCase<Key> = Key extends `${infer Head}${infer Rest}`
  ? `${Head extends Lowercase<Head> ? Head : `_${Lowercase<Head>}`}${SnakeCase<Rest>}`
  : Key;

/** A type with its keys in snake_case and, for one release, in camelCase too. */
export type WithSnakeCase<T> = T extends object
  ? { readonly [K in keyof T as K | SnakeCase<K>]: T[K] }
  : never;

/**
 * The object with its keys in snake_case. A key in camelCase stays beside its new name for one
 * release: version 0.1.0 had no other.
 */
export function withSnakeCase<T extends object>(value: T): WithSnakeCase<T>;
export function withSnakeCase(value: Readonly<Record<string, unknown>>): object {
  // A spread and few additions cost the least: a thousand events may be written at once.
  const json: Record<string, unknown> = { ...value };
  for (const key in value) {
    if (key.toLowerCase() !== key) json[snakeCase(key)] = value[key];
  }
  return json;
}

/** The same for the objects in it, at any depth. */
export function withSnakeCaseInside(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withSnakeCaseInside);
  if (typeof value !== 'object' || value === null) return value;
  const items = Object.entries(value).map(([key, item]) => [key, withSnakeCaseInside(item)]);
  return withSnakeCase(Object.fromEntries(items));
}

/** `duration_ms` as `durationMs`. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
