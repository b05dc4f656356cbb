import { parseArgs } from 'node:util';
import { headerTable, host } from '../../config/http-decoders.ts';
import { type Address, parseAddress } from '../../core/address.ts';
import { isAccepted } from '../draft/accepted.ts';
import type { CheckDraft } from '../draft/check-draft.ts';
import type { TomlTable } from '../draft/toml-text.ts';

type OptionValues = Readonly<Record<string, unknown>>;

/**
 * Reads curl(1), FreeBSD's fetch(1) or OpenBSD's ftp(1) with one URL at a numeric address; null when
 * an http check can't replace the options, and for any other program.
 */
export function readHttpTest(argv: readonly string[]): CheckDraft | null {
  const [program = '', ...args] = argv;
  switch (program.slice(program.lastIndexOf('/') + 1)) {
    case 'curl':
      return readCurl(args);
    case 'fetch':
      return readFetcher(args, FETCH_OPTIONS);
    case 'ftp':
      return readFetcher(args, FTP_OPTIONS);
    default:
      return null;
  }
}

const CURL_OPTIONS = {
  silent: { type: 'boolean', short: 's' },
  'show-error': { type: 'boolean', short: 'S' },
  fail: { type: 'boolean', short: 'f' },
  insecure: { type: 'boolean', short: 'k' },
  verbose: { type: 'boolean', short: 'v' },
  disable: { type: 'boolean', short: 'q' },
  head: { type: 'boolean', short: 'I' },
  ipv4: { type: 'boolean', short: '4' },
  ipv6: { type: 'boolean', short: '6' },
  'max-time': { type: 'string', short: 'm' },
  'connect-timeout': { type: 'string' },
  output: { type: 'string', short: 'o' },
  header: { type: 'string', short: 'H', multiple: true },
  'user-agent': { type: 'string', short: 'A' },
  request: { type: 'string', short: 'X' },
} as const;

const FETCH_OPTIONS = {
  q: { type: 'boolean', short: 'q' },
  output: { type: 'string', short: 'o' },
  'max-time': { type: 'string', short: 'T' },
  ipv4: { type: 'boolean', short: '4' },
  ipv6: { type: 'boolean', short: '6' },
} as const;

const FTP_OPTIONS = {
  V: { type: 'boolean', short: 'V' },
  M: { type: 'boolean', short: 'M' },
  output: { type: 'string', short: 'o' },
  'connect-timeout': { type: 'string', short: 'w' },
  ipv4: { type: 'boolean', short: '4' },
  ipv6: { type: 'boolean', short: '6' },
} as const;

function readCurl(args: readonly string[]): CheckDraft | null {
  const parsed = parse(args, CURL_OPTIONS);
  if (parsed === null) return null;
  const { values, url } = parsed;
  const headers = readHeaders(values);
  if (headers === null || (values.request !== undefined && values.request !== 'GET')) return null;
  const isTls = url.scheme === 'https';
  const insecure = values.insecure === true;
  // curl verifies the certificate for the URL's address, hfm for the host.
  if (isTls && !insecure && headers.host !== null) return null;
  const remarks: string[] = [];
  if (values.fail !== true) remarks.push('Any answer is a pass, as for curl without -f.');
  if (isTls && headers.host !== null)
    remarks.push('Unlike curl, hfm sends the host in the TLS handshake.');
  const keys: TomlTable = {
    type: 'http',
    url: url.template,
    ...(values.head === true ? { method: 'HEAD' } : {}),
    ...(headers.host === null ? {} : { host: headers.host }),
    ...(Object.keys(headers.others).length === 0 ? {} : { headers: headers.others }),
    // curl --fail exits 22 from 400 on; without it every answer passes. It follows no redirects.
    status: values.fail === true ? '200-399' : '200-599',
    ...(isTls && insecure ? { tls_verify: false } : {}),
  };
  return finish(keys, url.address, values, remarks);
}

function readFetcher(args: readonly string[], options: Options): CheckDraft | null {
  const parsed = parse(args, options);
  if (parsed === null) return null;
  const { url, values } = parsed;
  const remarks = ['hfm follows no redirects: a redirect fails unless "status" includes it.'];
  return finish({ type: 'http', url: url.template }, url.address, values, remarks);
}

function finish(
  keys: TomlTable,
  address: Address,
  values: OptionValues,
  remarks: readonly string[],
): CheckDraft | null {
  const limit = secondsToMs(values['max-time']);
  const connect = secondsToMs(values['connect-timeout']);
  if (limit === undefined || connect === undefined) return null;
  const more =
    connect === null || (limit !== null && connect >= limit)
      ? []
      : ['The timeout covers connecting and the answer together.'];
  return { name: 'http', keys, address, limitMs: limit, remarks: [...remarks, ...more] };
}

interface TestUrl {
  readonly scheme: 'http' | 'https';
  readonly address: Address;
  /** With `{address}` for the host. */
  readonly template: string;
}

type Options = NonNullable<NonNullable<Parameters<typeof parseArgs>[0]>['options']>;

function parse(
  args: readonly string[],
  options: Options,
): { values: OptionValues; url: TestUrl } | null {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    const url = positionals.length === 1 ? readUrl(positionals[0] ?? '') : null;
    const isDiscarded = ['/dev/null', '-', undefined].includes(values.output as string | undefined);
    return url === null || !isDiscarded ? null : { values, url };
  } catch {
    // node:util throws for an option that is not in the list: an http check can't replace that.
    return null;
  }
}

/** Null for braces and brackets in the path: curl expands both, and hfm fills in braces. */
function readUrl(text: string): TestUrl | null {
  const match = /^(https?):\/\/(\[[0-9A-Fa-f:.]+\]|[0-9.]+)((?::\d+)?(?:[/?][^\s{}[\]]*)?)$/.exec(
    text,
  );
  const [, scheme, written = '', rest = ''] = match ?? [];
  const address = parseAddress(written.replace(/^\[|\]$/g, ''));
  if (!address.ok || (scheme !== 'http' && scheme !== 'https')) return null;
  return { scheme, address: address.address, template: `${scheme}://{address}${rest}` };
}

/** Null for headers that an http check can't send. */
function readHeaders(
  values: OptionValues,
): { host: string | null; others: Record<string, string> } | null {
  const lines = Array.isArray(values.header) ? values.header.map(String) : [];
  const others: Record<string, string> = {};
  let hostName: string | null = null;
  for (const line of lines) {
    const [, name = '', value = ''] = /^([^:;]+):\s*(.*\S)\s*$/.exec(line) ?? [];
    if (name === '') return null;
    if (name.toLowerCase() === 'host') hostName = value;
    else others[name] = value;
  }
  if (typeof values['user-agent'] === 'string') others['User-Agent'] = values['user-agent'];
  if (hostName !== null && !isAccepted(host, hostName)) return null;
  return isAccepted(headerTable, others) ? { host: hostName, others } : null;
}

/** A number of seconds in milliseconds; null when it is not set, undefined when it is not a time. */
function secondsToMs(value: unknown): number | null | undefined {
  if (value === undefined) return null;
  const seconds = Number(value);
  return Number.isFinite(seconds) && seconds > 0 ? seconds * 1000 : undefined;
}
