import type { Address } from '../core/address.ts';
import { NAME_PATTERN } from '../core/names.ts';
import type { Floor } from '../core/policy.ts';
import type { CheckMode, StatusRange } from './config.ts';
import {
  address,
  type Decode,
  duration,
  flag,
  integer,
  isTable,
  listOf,
  oneOf,
  oneOrMore,
  text,
  textTable,
} from './decoders.ts';
import { childOf, complain, mismatch, type Place } from './place.ts';

/** One key: how its value is read, and its default as the man page states it (null for none). */
export interface Key<T> {
  readonly decode: Decode<T>;
  readonly default: string | null;
}

export type Keys = Readonly<Record<string, Key<unknown>>>;

/** What a table of such keys holds once decoded; a key that was absent or wrong is absent. */
export type Values<K extends Keys> = {
  readonly [P in keyof K]?: K[P] extends Key<infer T> ? T : never;
};

/** How an array entry or a table value that stands for itself is kept until references are known. */
export type Raw = { readonly value: unknown; readonly place: Place };

const raw: Decode<Raw> = (value, place) => ({ value, place });

function key<T>(decode: Decode<T>, byDefault: string | null = null): Key<T> {
  return { decode, default: byDefault };
}

const path: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined) return undefined;
  return decoded.startsWith('/') ? decoded : mismatch(place, value, 'an absolute path');
};

/** sun_path holds 104 bytes on the BSDs, the final NUL included. */
const socketPath: Decode<string> = (value, place) => {
  const decoded = path(value, place);
  if (decoded === undefined || Buffer.byteLength(decoded) <= 103) return decoded;
  return mismatch(place, value, 'a socket path of at most 103 bytes');
};

const command: Decode<readonly string[]> = (value, place) => {
  const argv = listOf(text, 'strings')(value, place);
  if (argv === undefined) return undefined;
  if (argv.length === 0) return mismatch(place, value, 'a command and its arguments');
  const program = argv[0] ?? '';
  if (program.startsWith('/')) return argv;
  return mismatch(childOf(place, 0), program, 'the absolute path of a program');
};

const group: Decode<string> = (value, place) =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0
    ? String(value)
    : typeof value === 'string' && value !== ''
      ? value
      : mismatch(place, value, "a group's name or number");

/** pf(4): PF_TABLE_NAME_SIZE is 32, the final NUL included. */
const tableName: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined) return undefined;
  if (decoded.length > 31) {
    return complain(
      place,
      `found a table name of ${decoded.length} characters, expected at most 31 (a limit of pf)`,
    );
  }
  return /^[A-Za-z0-9_][A-Za-z0-9_.:-]*$/.test(decoded)
    ? decoded
    : mismatch(place, value, 'a table name of letters, digits and _ . : - (without < and >)');
};

/** pf.conf(5): anchors are named like paths; here always from the main ruleset. */
const anchor: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined) return undefined;
  const good = /^[A-Za-z0-9_][A-Za-z0-9_.:-]*(\/[A-Za-z0-9_][A-Za-z0-9_.:-]*)*$/.test(decoded);
  if (good && decoded.length < 1024) return decoded;
  return mismatch(
    place,
    value,
    'an anchor such as "hfm" or "hfm/web", without a leading or final "/"',
  );
};

const floor: Decode<Floor> = (value, place) => {
  if (typeof value === 'number' && Number.isInteger(value) && value >= 0) {
    return { kind: 'count', count: value };
  }
  const percent = typeof value === 'string' ? /^([0-9]{1,3})%$/.exec(value)?.[1] : undefined;
  if (percent !== undefined && Number(percent) <= 100) {
    return { kind: 'percent', percent: Number(percent) };
  }
  return mismatch(place, value, 'a count such as 1, or a share such as "50%"');
};

const statusRange: Decode<StatusRange> = (value, place) => {
  const written = typeof value === 'number' ? String(value) : value;
  const match = typeof written === 'string' ? /^([1-5]\d\d)(?:-([1-5]\d\d))?$/.exec(written) : null;
  const from = Number(match?.[1]);
  const to = Number(match?.[2] ?? match?.[1]);
  if (match !== null && from <= to) return { from, to };
  return mismatch(place, value, 'a status such as 200, or a range such as "200-299"');
};

const regex: Decode<RegExp> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined) return undefined;
  try {
    return new RegExp(decoded, 'u');
  } catch (error) {
    const { message } = error as Error;
    return complain(place, `found a bad regular expression (${message}), expected a good one`);
  }
};

/** As it goes into a Host header: a name or an address, perhaps with a port. */
const host: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined || /^([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:\d{1,5})?$/.test(decoded)) {
    return decoded;
  }
  return mismatch(place, value, 'a host name, perhaps with a port');
};

const sni: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined || /^[A-Za-z0-9._-]+$/.test(decoded)) return decoded;
  return mismatch(place, value, 'a host name');
};

/** RFC 9110, section 5.6.2: a field name is a token. */
const headers = textTable((name) => {
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) return 'expected the name of an HTTP header';
  if (/^host$/i.test(name)) return 'set the Host header with the key "host"';
  return /^(connection|content-length|expect|transfer-encoding|upgrade|keep-alive)$/i.test(name)
    ? 'hfm sets this header itself'
    : null;
});

const headerTable: Decode<Record<string, string>> = (value, place) => {
  const table = headers(value, place);
  for (const [name, content] of Object.entries(table ?? {})) {
    if (!/^[\t\x20-\x7e\x80-\xff]*$/.test(content)) {
      return mismatch(childOf(place, name), content, 'a header value without control characters');
    }
  }
  return table;
};

const env = textTable((name) => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'expected the name of an environment variable';
  return name.startsWith('HFM_') ? 'HFM_* variables are set by hfm itself' : null;
});

const pools: Decode<ReadonlyMap<string, readonly Address[]>> = (value, place) => {
  if (!isTable(value)) return mismatch(place, value, 'a table of pool = address');
  const addresses = oneOrMore(address, 'addresses');
  const entries = Object.entries(value).map(
    ([pool, item]) => [pool, addresses(item, childOf(place, pool))] as const,
  );
  // A membership whose addresses are wrong stays known, so that it is not reported twice.
  return new Map(entries.map(([pool, list]) => [pool, list ?? []]));
};

/** Up to this, lest a typo make a check that never decides. */
const count = integer(1, 1000);

const mode = oneOf<CheckMode>('check', 'off', 'down', 'up');

const name: Decode<string> = (value, place) => {
  const decoded = text(value, place);
  if (decoded === undefined || NAME_PATTERN.test(decoded)) return decoded;
  return mismatch(place, value, NAME_EXPECTED);
};

export const NAME_EXPECTED =
  'a name of at most 63 letters, digits and . _ - that begins with a letter or digit';

export const DAEMON_KEYS = {
  socket: key(socketPath, '"/var/run/hfm/hfm.sock"'),
  socket_group: key(group, '"wheel" where that group exists'),
  state_file: key(path, '"/var/db/hfm/state.json"'),
  log_level: key(oneOf('debug', 'info', 'warn', 'error'), '"info"'),
  max_scripts: key(integer(1, 4096), '32'),
  max_probes: key(integer(1, 1_000_000), 'the number of network checks'),
} as const satisfies Keys;

export const PF_KEYS = {
  driver: key(oneOf('pfctl', 'memory'), '"pfctl"'),
  pfctl: key(command, '["/sbin/pfctl"]'),
  resync: key(duration(100), '"5s"'),
} as const satisfies Keys;

/** What `[defaults]`, every check and every backend may say; the latter override the former. */
const INHERITED_KEYS = {
  mode: key(mode, '"check"'),
  interval: key(duration(10), '"1s"'),
  fast_interval: key(duration(1), '"200ms", or interval where that is shorter'),
  down_interval: key(duration(10), 'interval'),
  timeout: key(duration(1), '"500ms"'),
  interrupt_after: key(duration(1), 'no interrupt'),
  rise: key(count, '2'),
  fall: key(count, '3'),
  start_delay: key(duration(0), '"0s"'),
} as const satisfies Keys;

export const DEFAULTS_KEYS = {
  ...INHERITED_KEYS,
  require: key(oneOf('all', 'any'), '"all"'),
  on_up: key(raw, 'none'),
  on_down: key(raw, 'none'),
} as const satisfies Keys;

const { interrupt_after: _scriptsOnly, ...CHECK_INHERITED_KEYS } = INHERITED_KEYS;

const CHECK_COMMON_KEYS = {
  ...CHECK_INHERITED_KEYS,
  type: key(oneOf('http', 'tcp', 'script')),
  port: key(integer(1, 65535)),
} as const satisfies Keys;

export const HTTP_KEYS = {
  ...CHECK_COMMON_KEYS,
  url: key(text),
  method: key(oneOf('GET', 'HEAD'), '"GET"'),
  host: key(host, "the url's host"),
  sni: key(sni, 'host'),
  headers: key(headerTable, 'none'),
  status: key(oneOrMore(statusRange, 'statuses'), '"200-299"'),
  body: key(text, 'none'),
  body_regex: key(regex, 'none'),
  max_body: key(integer(1, 16_777_216), '65536'),
  tls_verify: key(flag, 'true'),
  tls_ca: key(path, "the system's CAs"),
  keep_alive: key(flag, 'false'),
  source: key(address, "the system's choice"),
} as const satisfies Keys;

export const TCP_KEYS = {
  ...CHECK_COMMON_KEYS,
  tls: key(flag, 'false'),
  tls_verify: key(flag, 'true'),
  tls_ca: key(path, "the system's CAs"),
  sni: key(sni, 'none'),
  send: key(text, 'nothing'),
  expect: key(text, 'nothing'),
  expect_regex: key(regex, 'nothing'),
  max_read: key(integer(1, 1_048_576), '4096'),
  source: key(address, "the system's choice"),
} as const satisfies Keys;

export const SCRIPT_KEYS = {
  ...CHECK_COMMON_KEYS,
  interrupt_after: INHERITED_KEYS.interrupt_after,
  command: key(command),
  env: key(env, 'none'),
  exit: key(oneOf('plain', 'nagios'), '"plain"'),
  warning: key(oneOf('pass', 'fail'), '"pass"'),
  unknown: key(oneOf('fail', 'inconclusive'), '"fail"'),
  max_output: key(integer(1, 1_048_576), '4096'),
} as const satisfies Keys;

/** What only an inline check has: a named one has its name in the header. */
export const INLINE_NAME_KEY = { name: key(name, 'the type') } as const satisfies Keys;

export const POOL_KEYS = {
  table: key(tableName),
  anchor: key(anchor, 'the main ruleset'),
  fallback: key(oneOrMore(address, 'addresses'), 'none'),
  min_in_service: key(floor, '1, or 0 where there is a fallback'),
  exclusive: key(flag, 'false'),
  create: key(flag, 'false'),
  kill_sources: key(oneOf('auto', 'never'), '"auto"'),
  kill_states: key(oneOf('never', 'down', 'maint'), '"never"'),
} as const satisfies Keys;

export const BACKEND_KEYS = {
  ...DEFAULTS_KEYS,
  port: key(integer(1, 65535)),
  address: key(address),
  checks: key(raw),
  pools: key(pools, 'none'),
} as const satisfies Keys;

export const ACTION_KEYS = {
  command: key(command),
  timeout: key(duration(1), '"10s"'),
} as const satisfies Keys;

/** Every table of the file with its keys; `include` stands at the top, outside of any. */
export const SECTIONS = {
  daemon: DAEMON_KEYS,
  pf: PF_KEYS,
  defaults: DEFAULTS_KEYS,
  check: { ...HTTP_KEYS, ...TCP_KEYS, ...SCRIPT_KEYS },
  pool: POOL_KEYS,
  backend: BACKEND_KEYS,
  action: ACTION_KEYS,
} as const satisfies Record<string, Keys>;
