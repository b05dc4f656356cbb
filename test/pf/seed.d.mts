/** The system whose pfctl the stand-in is. */
export type Os = 'openbsd' | 'freebsd';

/** A state; endpoints are "10.0.2.2:51784", "fd00:9::1[9000]", or an address alone. */
export interface State {
  /** 16 hex digits; generated when absent */
  readonly id?: string;
  /** 8 hex digits; without it, this machine's (`Status.hostid`) */
  readonly creatorid?: string;
  readonly direction: 'in' | 'out';
  /** the side that opened the connection */
  readonly client: string;
  /** in: the address that the client asked for, when an rdr redirected it */
  readonly vip?: string;
  /** the side that the packets go to */
  readonly backend: string;
  /** out: the address that nat replaced the client's by */
  readonly node?: string;
  /** default tcp */
  readonly proto?: string;
  /** default all */
  readonly iface?: string;
  /** default ESTABLISHED:ESTABLISHED */
  readonly state?: string;
  /** FreeBSD, -vv */
  readonly origif?: string;
  /** of the rule that made it, for `-k label` */
  readonly label?: string;
  /** tcp, -v: "[2041682858 + 65535]  [2304001 + 65536]" */
  readonly seq?: string;
  readonly ageS?: number;
  /** default 86400 */
  readonly expiresS?: number;
  readonly packets?: readonly [number, number];
  readonly bytes?: readonly [number, number];
  readonly anchor?: number;
  readonly rule?: number;
  readonly sourceTrack?: boolean;
  readonly sticky?: boolean;
}

/** A source-tracking node. */
export interface SourceNode {
  readonly client: string;
  /** absent for a node of a filter rule */
  readonly backend?: string;
  /** default 1 */
  readonly states?: number;
  readonly connections?: number;
  /** default "0.0/0s" */
  readonly rate?: string;
  readonly ageS?: number;
  readonly expiresS?: number;
  readonly packets?: number;
  readonly bytes?: number;
  readonly rule?: number;
}

export interface Status {
  readonly enabled: boolean;
  /** seconds since 1970 */
  readonly since: number;
  /** OpenBSD: at 2 the rules, the states and the existence of tables are fixed; default 1 */
  readonly securelevel: number;
  readonly hostid: string;
  /** for `-s info`, for example { "map-failed": 2 } */
  readonly counters: Readonly<Record<string, number>>;
}

/** The commands that `on` of a fault can name. */
export type CommandName =
  | 'add'
  | 'delete'
  | 'replace'
  | 'show'
  | 'test'
  | 'flush'
  | 'kill'
  | 'zero'
  | 'expire'
  | 'load'
  | 'enable'
  | 'disable'
  | 'show-tables'
  | 'show-states'
  | 'show-sources'
  | 'show-info'
  | 'show-anchors'
  | 'show-memory'
  | 'kill-states'
  | 'kill-sources'
  | 'flush-states'
  | 'flush-sources'
  | 'flush-rules'
  | 'flush-tables';

export interface Fault {
  readonly fault:
    | 'slow'
    | 'permission'
    | 'missing-device'
    | 'fail'
    | 'fail-once'
    | 'hang'
    | 'hang-ignoring-term'
    | 'kill-before'
    | 'nonsense-stdout'
    | 'nonsense-stderr'
    | 'silent-noop'
    | 'kill-after'
    | 'hang-after'
    | 'hold-pipes';
  /** only for these commands */
  readonly on?: readonly CommandName[];
  /** only for this table, or these */
  readonly table?: string | readonly string[];
  /** only with this -a; '' is the main ruleset */
  readonly anchor?: string;
  /** does not affect so many matching calls first */
  readonly skip?: number;
  /** ends after so many calls; by default never */
  readonly times?: number;
  /** slow: default 1000; hold-pipes: default 10000 */
  readonly ms?: number;
  /** nonsense-stdout, nonsense-stderr: default 4 MiB */
  readonly bytes?: number;
  /** fail, fail-once: default 1 */
  readonly exit?: number;
  /** fail, fail-once: default "pfctl: Input/output error\n" */
  readonly stderr?: string;
}

/** A line of `calls.jsonl`; calls that change something are in the order of the changes. */
export interface Call {
  readonly at: string;
  readonly pid: number;
  /** without "pfctl" */
  readonly argv: readonly string[];
  /** cut at 16384 characters */
  readonly stdin: string;
  readonly stdinBytes: number;
  /** null when the call does not end by itself: killed, or hanging */
  readonly exit: number | null;
  /** the names of the faults that affected it */
  readonly faults?: readonly string[];
}

export interface Result {
  readonly stdout: string;
  readonly stderr: string;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface InAnchor {
  /** default '', the main ruleset */
  readonly anchor?: string;
}

export interface TableFlags extends InAnchor {
  /** default true */
  readonly persist?: boolean;
  readonly const?: boolean;
  readonly counters?: boolean;
}

export interface Pf {
  readonly folder: string;
  readonly os: Os;
  /** HFM_PF_OS and HFM_PF_STATE, for a program that calls test/pf/pfctl */
  readonly env: Readonly<Record<string, string>>;
  /** path of an executable pfctl for this folder that needs no environment */
  readonly command: string;

  /** Adds a table, or replaces the one of that name. */
  setTable(name: string, addresses: readonly string[], flags?: TableFlags): void;
  removeTable(name: string, where?: InAnchor): void;
  /** The contents in the order of `-T show`, "!" first when negated; undefined without a table. */
  table(name: string, where?: InAnchor): readonly string[] | undefined;
  /** All tables with the seven flags of `-v -s Tables`. */
  tables(): readonly { readonly name: string; readonly anchor: string; readonly flags: string }[];
  /** Sets which tables the rules refer to, as `load` does: the flags r and h. */
  setReferences(tables: readonly string[], where?: InAnchor): void;
  /** `pfctl -f -`; rejects when it is refused. */
  load(pfConf: string, where?: InAnchor): Promise<void>;

  setStates(states: readonly State[]): void;
  addStates(states: readonly State[]): void;
  states(): readonly (State & { readonly id: string })[];
  setSources(sources: readonly SourceNode[]): void;
  sources(): readonly SourceNode[];
  setStatus(status: Partial<Status>): void;
  status(): Status;

  /** Sets the faults from the next call on, with new counts; without any, it ends all faults. */
  setFaults(...faults: readonly Fault[]): void;
  clearFaults(): void;

  calls(): readonly Call[];
  clearCalls(): void;

  /** Runs `command` as a process. */
  run(
    args: readonly string[],
    how?: {
      readonly stdin?: string;
      readonly env?: Readonly<Record<string, string>>;
      /** sends SIGKILL */
      readonly killAfterMs?: number;
    },
  ): Promise<Result>;
}

/** Opens the pf whose memory is `folder`, which is created if missing; the default system is openbsd. */
export function openPf(folder: string, how?: { readonly os?: Os }): Pf;
