/** undici's client alone: its index also loads fetch, caches, mocks and proxies, which hfm has no use for. */
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';
  export default Client;
}

/** Where a socket that undici has taken holds what reads its answers. */
declare module 'undici/lib/core/symbols.js' {
  const symbols: { readonly kParser: unique symbol };
  export default symbols;
}
