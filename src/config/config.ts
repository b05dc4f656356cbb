import type { Address } from '../core/address.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import type { Floor } from '../core/policy.ts';
import type { ProbeKind, Rhythm } from '../core/schedule.ts';

/** A whole configuration, resolved, checked and frozen. All times are milliseconds. */
export interface Config {
  /** The main file, as given. */
  readonly file: string;
  /** Of the main file and its includes, in order. */
  readonly sha256: string;
  readonly daemon: DaemonConfig;
  readonly pf: PfConfig;
  readonly pools: readonly PoolConfig[];
  readonly backends: readonly BackendConfig[];
}

export interface DaemonConfig {
  readonly socket: string;
  /** A group's name or number; null for the group that hfmd runs as. */
  readonly socketGroup: string | null;
  readonly stateFile: string;
  readonly log: {
    readonly level: 'debug' | 'info' | 'warn' | 'error';
    readonly format: 'text' | 'json';
  };
  readonly maxScripts: number;
  /** Network probes at once; null for as many as there are network checks. */
  readonly maxProbes: number | null;
}

export interface PfConfig {
  readonly driver: 'pfctl' | 'memory';
  /** argv prefix: the path of pfctl, or of doas or sudo and then pfctl. */
  readonly pfctl: readonly string[];
  /** argv of libexec/pf-end, with doas or sudo in front; null to run pfctl itself in its place. */
  readonly helper: readonly string[] | null;
  readonly resyncMs: number;
}

export interface PoolConfig {
  readonly name: PoolName;
  readonly table: string;
  readonly anchor: string | null;
  readonly fallback: readonly Address[];
  readonly floor: Floor;
  /** Whether addresses that are not hfm's are taken out of the table. */
  readonly exclusive: boolean;
  /** Whether hfm makes the table where pf has none. */
  readonly create: boolean;
  /** Whether source nodes (sticky clients) of an address that has left are ended. */
  readonly killSources: 'auto' | 'never';
  /** When the states of a member that has left are ended: it is down, or in maintenance. */
  readonly killStates: 'never' | 'down' | 'maint';
}

export interface BackendConfig {
  readonly name: BackendName;
  /** What is probed. */
  readonly address: Address;
  readonly require: 'all' | 'any';
  readonly checks: readonly CheckConfig[];
  readonly memberships: readonly MembershipConfig[];
  readonly onUp: readonly ActionConfig[];
  readonly onDown: readonly ActionConfig[];
}

export interface MembershipConfig {
  readonly pool: PoolName;
  readonly addresses: readonly Address[];
}

/** `check` probes; `off` does not and leaves the tables alone; `down` and `up` need no probe. */
export type CheckMode = 'check' | 'off' | 'down' | 'up';

export type CheckConfig = HttpCheckConfig | TcpCheckConfig | ScriptCheckConfig;

interface CheckBase {
  /** Unique within its backend. */
  readonly name: string;
  readonly mode: CheckMode;
  readonly rhythm: Rhythm;
  readonly rise: number;
  readonly fall: number;
  /** From hfmd's start, or from the reload that brought the check, to the first probe. */
  readonly startDelayMs: number;
  /** What a probe needs: a connection of hfmd's own, or a process. */
  readonly probeKind: ProbeKind;
  /** What `explain` shows as probed, such as a URL or a command. */
  readonly target: string;
  /** Whether a probe keeps its connection for the next one. */
  readonly keepAlive: boolean;
  /** Whether hfm holds an idle connection and probes at once when it ends. */
  readonly watch: boolean;
  /** The local address of the probes; null for the system's choice. */
  readonly source: Address | null;
}

export interface HttpCheckConfig extends CheckBase {
  readonly type: 'http';
  /** With the address filled in; its host is numeric. */
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  /** Host header and, unless `sni` says otherwise, SNI; null for the URL's own host. */
  readonly host: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly statuses: readonly StatusRange[];
  /** Answers that mean "I am well, but drain me"; they need no body. */
  readonly drainStatuses: readonly StatusRange[];
  readonly body: TextMatch | null;
  /** Bytes of the body that are looked at. */
  readonly maxBodyBytes: number;
  readonly tls: TlsConfig;
}

export interface TcpCheckConfig extends CheckBase {
  readonly type: 'tcp';
  readonly address: Address;
  readonly port: number;
  /** null for no TLS handshake. */
  readonly tls: TlsConfig | null;
  readonly send: string | null;
  readonly expect: TextMatch | null;
  /** Bytes of the answer that are looked at. */
  readonly maxReadBytes: number;
}

export interface ScriptCheckConfig extends CheckBase {
  readonly type: 'script';
  /** argv with its placeholders filled in; the first is an absolute path. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly exit: ExitRule;
  /** From the start to SIGINT; null for none. At the timeout the process group is killed. */
  readonly interruptAfterMs: number | null;
  /** Bytes of stdout that are kept; the rest is read and thrown away. */
  readonly maxOutputBytes: number;
}

export interface StatusRange {
  readonly from: number;
  readonly to: number;
}

export type TextMatch =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'regex'; readonly regex: RegExp };

export interface TlsConfig {
  readonly verify: boolean;
  /** PEM of the CAs to trust instead of the system's; null for the system's. */
  readonly ca: string | null;
  /** null to send none (an address is never sent as SNI: RFC 6066, section 3). */
  readonly serverName: string | null;
}

/** `plain`: 0 passes. `nagios`: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
export type ExitRule =
  | { readonly kind: 'plain' }
  | {
      readonly kind: 'nagios';
      readonly warning: 'pass' | 'fail';
      readonly unknown: 'fail' | 'inconclusive';
    };

export interface ActionConfig {
  readonly name: string;
  readonly command: readonly string[];
  readonly timeoutMs: number;
}
