/** undici's client alone: its index also loads fetch, caches, mocks and proxies, which hfm has no use for. */
declare module 'undici/lib/dispatcher/client.js' {
  import { Client } from 'undici';
  export default Client;
}
