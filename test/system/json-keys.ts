/** The keys in camelCase, at any depth, that lack the same key in snake_case beside them. */
export function keysWithoutSnakeCase(json: unknown): string[] {
  if (typeof json !== 'object' || json === null) return [];
  const alone = Array.isArray(json)
    ? []
    : Object.keys(json).filter((key) => {
        const snake = key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
        return !Object.hasOwn(json, snake);
      });
  return [...alone, ...Object.values(json).flatMap(keysWithoutSnakeCase)];
}
