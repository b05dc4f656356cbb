import { NAME_PATTERN } from '../core/names.ts';
import { PATHS, SOCKET_PATH_BYTES } from '../sys/paths.ts';
import type { CheckMode } from './config.ts';
import {
  address,
  type Decode,
  duration,
  flag,
  integer,
  listOf,
  oneOf,
  oneOrMore,
  text,
  textTable,
} from './decoders.ts';
import { headerTable, host, regex, sni, statusRange } from './http-decoders.ts';
import { anchor, floor, pools, tableName } from './pf-decoders.ts';
import { childOf, mismatch, type Place } from './place.ts';

/** How a key's value is decoded, and its default as the man page states it (null for no default). */
export interface Key<T> {
  readonly decode: Decode<T>;
  readonly default: string | null;
}

export type Keys = Readonly<Record<string, Key<unknown>>>;

/** The decoded values of a table with these keys; a key that was absent or wrong is absent. */
export type Values<K extends Keys> = {
  readonly [P in keyof K]?: K[P] extends Key<infer T> ? T : never;
};

/** A value that is decoded later, when the checks and actions that it may name are known. */
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

/** hfmd renames the socket of a killed hfmd to `PATH.PID`; pids end at 99999 on the BSDs. */
const OWN_SOCKET_BYTES = SOCKET_PATH_BYTES - '.99999'.length;

const socketPath: Decode<string> = (value, place) => {
  const decoded = path(value, place);
  if (decoded === undefined || Buffer.byteLength(decoded) <= OWN_SOCKET_BYTES) return decoded;
  return mismatch(place, value, `a socket path of at most ${OWN_SOCKET_BYTES} bytes`);
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

const env = textTable((name) => {
  if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return 'expected the name of an environment variable';
  return name.startsWith('HFM_') ? 'HFM_* variables are set by hfm itself' : null;
});

/** The maximum keeps a typo from making a check that never decides. */
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
  socket: key(socketPath, `"${PATHS.socket}"`),
  socket_group: key(group, '"wheel" where that group exists'),
  state_file: key(path, `"${PATHS.stateFile}"`),
  log_level: key(oneOf('debug', 'info', 'warn', 'error'), '"info"'),
  log_format: key(oneOf('text', 'json'), '"text"'),
  max_scripts: key(integer(1, 4096), '32'),
  max_probes: key(integer(1, 1_000_000), 'the number of network checks'),
} as const satisfies Keys;

export const PF_KEYS = {
  driver: key(oneOf('pfctl', 'memory'), '"pfctl"'),
  pfctl: key(command, '["/sbin/pfctl"]'),
  helper: key(command, 'none'),
  resync: key(duration(100), '"5s"'),
} as const satisfies Keys;

/** Keys of `[defaults]`, every check and every backend. A backend's value wins, then a check's. */
const INHERITED_KEYS = {
  mode: key(mode, '"check"'),
  interval: key(duration(10), '"1s"'),
  fast_interval: key(duration(1), '"200ms", or interval where that is shorter'),
  down_interval: key(duration(10), 'interval'),
  timeout: key(duration(1), '"500ms", or the shortest interval where that is shorter'),
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
  drain_status: key(oneOrMore(statusRange, 'statuses'), 'none'),
  body: key(text, 'none'),
  body_regex: key(regex, 'none'),
  max_body: key(integer(1, 16_777_216), '65536'),
  tls_verify: key(flag, 'true'),
  tls_ca: key(path, "the system's CAs"),
  keep_alive: key(flag, 'false'),
  watch: key(flag, 'false'),
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
  watch: key(flag, 'false'),
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

/** The key of an inline check alone: the header of a named check holds its name. */
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

/** Every table of the file with its keys. `include` is not among them: it is outside of any table. */
export const SECTIONS = {
  daemon: DAEMON_KEYS,
  pf: PF_KEYS,
  defaults: DEFAULTS_KEYS,
  check: { ...HTTP_KEYS, ...TCP_KEYS, ...SCRIPT_KEYS },
  pool: POOL_KEYS,
  backend: BACKEND_KEYS,
  action: ACTION_KEYS,
} as const satisfies Record<string, Keys>;
