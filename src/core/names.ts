declare const brand: unique symbol;
type Branded<B extends string> = string & { readonly [brand]: B };

/** A backend's name as the configuration writes it. */
export type BackendName = Branded<'backend'>;
/** A pool's name; its pf table may have another name. */
export type PoolName = Branded<'pool'>;

/** Names of pools, checks, backends and actions. `/` and `,` are excluded: the CLI separates by them. */
export const NAME_PATTERN = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/;

export function isName(text: string): boolean {
  return NAME_PATTERN.test(text);
}

export function backendName(text: string): BackendName {
  return text as BackendName;
}

export function poolName(text: string): PoolName {
  return text as PoolName;
}
