/** undici's client alone: its index also loads fetch, caches, mocks and proxies, which hfm does not use. */
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';
  export default Client;
}

/** The key under which a socket of undici holds its parser. */
declare module 'undici/lib/core/symbols.js' {
  const symbols: { readonly kParser: unique symbol };
  export default symbols;
}
