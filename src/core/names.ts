declare const brand: unique symbol;
type Branded<B extends string> = string & { readonly [brand]: B };

/** A backend's name as the configuration writes it. */
export type BackendName = Branded<'backend'>;
/** A pool's name; the pf table behind it may be called otherwise. */
export type PoolName = Branded<'pool'>;

/** What a name of a pool, check, backend or action may look like: `/` and `,` stay free for the CLI. */
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
