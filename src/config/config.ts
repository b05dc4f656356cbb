import type { Address } from '../core/address.ts';
import type { BackendName, PoolName } from '../core/names.ts';
import type { Floor } from '../core/policy.ts';
import type { ProbeKind, Rhythm } from '../core/schedule.ts';

/** A whole configuration: resolved, validated and frozen. All times are in milliseconds. */
export interface Config {
  /** The path of the main file, as given. */
  readonly file: string;
  /** Hash of the texts of the main file and its includes, in order. */
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
  /** Network probes that may run at once; null for as many as there are network checks. */
  readonly maxProbes: number | null;
}

export interface PfConfig {
  readonly driver: 'pfctl' | 'memory';
  /** argv prefix: the path of pfctl, perhaps after doas or sudo with its options. */
  readonly pfctl: readonly string[];
  /** argv of libexec/pf-end, after doas or sudo; null to run pfctl itself instead. */
  readonly helper: readonly string[] | null;
  readonly resyncMs: number;
}

export interface PoolConfig {
  readonly name: PoolName;
  readonly table: string;
  readonly anchor: string | null;
  readonly fallback: readonly Address[];
  readonly floor: Floor;
  /** Whether addresses that are not hfm's are deleted from the table. */
  readonly exclusive: boolean;
  /** Whether hfm creates the table when it is missing in pf. */
  readonly create: boolean;
  /** Whether hfm ends the source nodes (sticky clients) of an address that has left the table. */
  readonly killSources: 'auto' | 'never';
  /** When hfm ends the states of a member that has left: it is down, or in maintenance. */
  readonly killStates: 'never' | 'down' | 'maint';
}

export interface BackendConfig {
  readonly name: BackendName;
  /** The address that is probed. */
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

/**
 * `check` probes. `off` does not probe and leaves the backend's addresses as they are. `down` and `up`
 * fix the result without a probe.
 */
export type CheckMode = 'check' | 'off' | 'down' | 'up';

export type CheckConfig = HttpCheckConfig | TcpCheckConfig | ScriptCheckConfig;

interface CheckBase {
  /** Unique within its backend. */
  readonly name: string;
  readonly mode: CheckMode;
  readonly rhythm: Rhythm;
  readonly rise: number;
  readonly fall: number;
  /** Time to the first probe, from the start of hfmd or from the reload that added the check. */
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
  /** The placeholders are filled in, and the host is numeric. */
  readonly url: string;
  readonly method: 'GET' | 'HEAD';
  /** The Host header and, without `sni`, the SNI; null for the URL's own host. */
  readonly host: string | null;
  readonly headers: Readonly<Record<string, string>>;
  readonly statuses: readonly StatusRange[];
  /** Statuses by which a healthy backend asks to be drained; the body is not matched. */
  readonly drainStatuses: readonly StatusRange[];
  readonly body: TextMatch | null;
  /** Bytes of the body that are matched. */
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
  /** Bytes of the answer that are matched. */
  readonly maxReadBytes: number;
}

export interface ScriptCheckConfig extends CheckBase {
  readonly type: 'script';
  /** argv with its placeholders filled in; the program is an absolute path. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly exit: ExitRule;
  /** Time from the start to SIGINT; null for no SIGINT. The process group is killed at the timeout. */
  readonly interruptAfterMs: number | null;
  /** Bytes of stdout that are kept; the rest is read and discarded. */
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
  /** The CAs to trust, as PEM; null for the system's. */
  readonly ca: string | null;
  /** The SNI; null to send none. An address is never sent: RFC 6066, section 3. */
  readonly serverName: string | null;
}

/** The meaning of exit statuses. `plain`: 0 passes. `nagios`: 0 OK, 1 WARNING, 2 CRITICAL, 3 UNKNOWN. */
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
