import { X509Certificate } from 'node:crypto';
import { type Address, parseAddress, urlHost } from '../core/address.ts';
import { whyNotRunnable } from '../sys/program-file.ts';
import type { CheckConfig, StatusRange, TextMatch, TlsConfig } from './config.ts';
import { readText } from './files.ts';
import { inherit, type Layers } from './inherit.ts';
import type { HTTP_KEYS, SCRIPT_KEYS, TCP_KEYS } from './keys.ts';
import { childOf, complain, type Place } from './place.ts';
import { fillPlaceholders, type Placeholders } from './placeholders.ts';
import { resolveInterrupt, resolveRhythm } from './rhythm.ts';
import { type CheckSection, requireKey, type Section } from './sections.ts';

/** The backend that a check is resolved for. */
export interface CheckOwner {
  readonly backend: string;
  readonly address: Address;
  /** The check's name within the backend. */
  readonly name: string;
}

/**
 * The fields that all check types share. They are spread last: with more fields after a spread, the
 * V8 of Node 20 gives each object a shape of its own, and every access becomes slow.
 */
type Base = Pick<CheckConfig, 'name' | 'mode' | 'rhythm' | 'rise' | 'fall' | 'startDelayMs'>;

/** Resolves a check for one backend; null when a key that it needs is missing or wrong. */
export function resolveCheck(
  check: CheckSection,
  layers: Layers,
  owner: CheckOwner,
): CheckConfig | null {
  const port = inherit(layers, 'port')?.value ?? null;
  const base: Base = {
    name: owner.name,
    mode: inherit(layers, 'mode')?.value ?? 'check',
    rhythm: resolveRhythm(layers),
    rise: inherit(layers, 'rise')?.value ?? 2,
    fall: inherit(layers, 'fall')?.value ?? 3,
    startDelayMs: inherit(layers, 'start_delay')?.value ?? 0,
  };
  switch (check.type) {
    case 'http':
      return resolveHttp(check, base, owner, port);
    case 'tcp':
      return resolveTcp(check, base, owner, port, layers);
    case 'script':
      return resolveScript(check, base, owner, port, layers);
  }
}

const DEFAULT_STATUSES: readonly StatusRange[] = [{ from: 200, to: 299 }];

function resolveHttp(
  check: Section<typeof HTTP_KEYS>,
  base: Base,
  owner: CheckOwner,
  port: number | null,
): CheckConfig | null {
  const { values, place } = check;
  const template = requireKey(check, 'url', 'a URL such as "http://{address}/haproxy_check"');
  const body = resolveMatch(values.body, values.body_regex, place, 'body');
  if (values.method === 'HEAD' && body !== null) {
    complain(childOf(place, 'method'), 'found "HEAD", expected "GET" to match a body');
  }
  if (template === undefined) return null;
  const urlPlace = childOf(place, 'url');
  const placeholders = placeholdersOf(owner, port);
  const written = fillPlaceholders(
    template,
    { ...placeholders, address: urlHost(owner.address) },
    urlPlace,
  );
  const url = written === null ? null : checkUrl(written, urlPlace);
  if (url === null) return null;
  const host = values.host ?? null;
  const method = values.method ?? 'GET';
  return {
    type: 'http',
    probeKind: 'network',
    target: `${method} ${url.href}`,
    url: url.href,
    method,
    host,
    headers: values.headers ?? {},
    statuses: values.status ?? DEFAULT_STATUSES,
    drainStatuses: values.drain_status ?? [],
    body,
    maxBodyBytes: values.max_body ?? 65_536,
    tls: resolveTls(values, place, host),
    keepAlive: values.keep_alive ?? false,
    watch: values.watch ?? false,
    source: sourceFor(values.source, owner.address, place),
    ...base,
  };
}

function resolveTcp(
  check: Section<typeof TCP_KEYS>,
  base: Base,
  owner: CheckOwner,
  port: number | null,
  layers: Layers,
): CheckConfig | null {
  const { values, place } = check;
  const expect = resolveMatch(values.expect, values.expect_regex, place, 'expect');
  const source = sourceFor(values.source, owner.address, place);
  const wrote = (['tls_verify', 'tls_ca', 'sni'] as const).find((key) => check.written.has(key));
  if (values.tls !== true && wrote !== undefined) {
    complain(childOf(place, wrote), 'has no effect without tls = true');
  }
  if (port === null) {
    // A port that is written but wrong is reported already.
    if (!layers.some(({ written }) => written.has('port'))) {
      complain(childOf(place, 'port'), 'missing, expected a port here or in the backend');
    }
    return null;
  }
  return {
    type: 'tcp',
    probeKind: 'network',
    target: `${values.tls === true ? 'TLS to' : 'connect to'} port ${port}`,
    address: owner.address,
    port,
    tls: values.tls === true ? resolveTls(values, place, null) : null,
    send: values.send ?? null,
    expect,
    maxReadBytes: values.max_read ?? 4096,
    keepAlive: false,
    watch: values.watch ?? false,
    source,
    ...base,
  };
}

function resolveScript(
  check: Section<typeof SCRIPT_KEYS>,
  base: Base,
  owner: CheckOwner,
  port: number | null,
  layers: Layers,
): CheckConfig | null {
  const { values, place } = check;
  const interruptAfterMs = resolveInterrupt(layers, base.rhythm.timeoutMs);
  const nagios = values.exit === 'nagios';
  const wrote = (['warning', 'unknown'] as const).find((key) => check.written.has(key));
  if (!nagios && wrote !== undefined) {
    complain(childOf(place, wrote), 'has no effect without exit = "nagios"');
  }
  const argv = requireKey(check, 'command', 'a command such as ["/path/to/script", "{address}"]');
  if (argv === undefined) return null;
  const commandPlace = childOf(place, 'command');
  requireExecutable(argv[0] ?? '', commandPlace);
  const placeholders = placeholdersOf(owner, port);
  const filled = argv.map(
    (part, i) => fillPlaceholders(part, placeholders, childOf(commandPlace, i)) ?? part,
  );
  return {
    type: 'script',
    probeKind: 'script',
    target: filled.join(' '),
    command: filled,
    env: { ...(port === null ? {} : { HFM_PORT: String(port) }), ...values.env },
    exit: nagios
      ? { kind: 'nagios', warning: values.warning ?? 'pass', unknown: values.unknown ?? 'fail' }
      : { kind: 'plain' },
    interruptAfterMs,
    maxOutputBytes: values.max_output ?? 4096,
    keepAlive: false,
    watch: false,
    source: null,
    ...base,
  };
}

/** Reports a program that this process can't run. */
export function requireExecutable(program: string, place: Place): void {
  const broken = whyNotRunnable(program);
  if (broken === null) return;
  complain(place, `found ${program} (${broken.why}), expected an executable file`);
}

function placeholdersOf(owner: CheckOwner, port: number | null): Placeholders {
  return {
    address: owner.address,
    name: owner.backend,
    port: port === null ? null : String(port),
  };
}

/** hfm resolves no names, so the URL's host must be an address; the key `host` is for a name. */
function checkUrl(written: string, place: Place): URL | null {
  const url = URL.canParse(written) ? new URL(written) : null;
  const refuse = (expected: string): null => {
    complain(place, `found ${JSON.stringify(written)}, expected ${expected}`);
    return null;
  };
  if (url === null || !/^https?:\/\//i.test(written)) return refuse('an http:// or https:// URL');
  if (url.username !== '' || url.password !== '') {
    // The URL is not shown, because it may contain a password.
    complain(place, 'found a user in the URL, expected none; set Authorization in "headers"');
    return null;
  }
  // From the text as written: URL would turn 010.0.0.1 and 2130706433 into other addresses.
  const host = /^https?:\/\/(?:\[([^\]]*)\]|([^/:?#]*))/i.exec(written);
  if (!parseAddress(host?.[1] ?? host?.[2] ?? '').ok) {
    return refuse('"{address}" or a numeric address as its host (hfm resolves no names)');
  }
  return url;
}

function resolveMatch(
  text: string | undefined,
  regex: RegExp | undefined,
  place: Place,
  key: 'body' | 'expect',
): TextMatch | null {
  if (text !== undefined && regex !== undefined) {
    complain(childOf(place, `${key}_regex`), `found together with ${key}, expected one of the two`);
  }
  if (regex !== undefined) return { kind: 'regex', regex };
  return text === undefined ? null : { kind: 'text', text };
}

interface TlsValues {
  readonly tls_verify?: boolean;
  readonly tls_ca?: string;
  readonly sni?: string;
}

function resolveTls(values: TlsValues, place: Place, host: string | null): TlsConfig {
  const verify = values.tls_verify ?? true;
  const caPlace = childOf(place, 'tls_ca');
  let ca: string | null = null;
  if (values.tls_ca !== undefined) {
    if (!verify) complain(caPlace, 'has no effect without tls_verify = true');
    const file = readText(values.tls_ca);
    const why = file.ok ? whyNotCa(file.text) : file.why;
    if (why === null && file.ok) ca = file.text;
    else complain(caPlace, `found ${values.tls_ca} (${why}), expected certificates as PEM`);
  }
  return { verify, ca, serverName: values.sni ?? hostNameOf(host) };
}

/** Null for one or more valid certificates. OpenSSL skips invalid ones, and then trusts no CA. */
function whyNotCa(pem: string): string | null {
  const certificates =
    pem.match(/-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g) ?? [];
  if (certificates.length === 0) return 'no certificate in it';
  for (const [i, certificate] of certificates.entries()) {
    try {
      new X509Certificate(certificate);
    } catch {
      return `certificate ${i + 1} in it is damaged`;
    }
  }
  return null;
}

/** The name in a Host header, without its port; null when it is an address. */
function hostNameOf(host: string | null): string | null {
  const name = host?.replace(/:\d+$/, '') ?? '';
  return name === '' || name.startsWith('[') || parseAddress(name).ok ? null : name;
}

function sourceFor(source: Address | undefined, target: Address, place: Place): Address | null {
  if (source !== undefined && source.includes(':') !== target.includes(':')) {
    complain(
      childOf(place, 'source'),
      `found ${source}, expected an address of the same family as ${target}`,
    );
  }
  return source ?? null;
}
