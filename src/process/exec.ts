import type { AbortNotice } from '../sys/abort.ts';

/** One process to run: argv, the whole environment, and all its bounds. */
export interface ExecRequest {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Text for stdin. Default: empty. */
  readonly stdin?: string;
  /** After this many milliseconds the whole process group gets SIGKILL; the result is `timed-out`. */
  readonly timeoutMs: number;
  /** After this many milliseconds the process group gets SIGINT. */
  readonly interruptAfterMs?: number;
  /** Bytes kept of stdout, and as many of stderr; the rest is read and discarded. */
  readonly maxOutputBytes: number;
  /** Kills the process group at once; the result is `aborted`. */
  readonly signal?: AbortNotice;
  /** Also notices children that closed stdout and stderr, by a descriptor that they are likely to keep. */
  readonly watchesChildren?: true;
  /** Gets each line of stdout as it comes. stdout is not kept then, and may be of any length. */
  readonly onLine?: (line: string) => void;
}

export interface ExecOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** Set when a pipe was still open at the end: output may be missing. */
  readonly truncated?: true;
  /**
   * Set when the process left others behind. `killed`: in its group, which was killed. `out-of-reach`:
   * with its pipes open, as another user or in another session.
   */
  readonly left?: 'killed' | 'out-of-reach';
  /** Bytes beyond `maxOutputBytes`, of stdout and stderr together, if there were any. */
  readonly droppedBytes?: number;
}

/** How the process ended. An `Exec` never throws. */
export type ExecResult =
  | ({ readonly kind: 'exited'; readonly code: number } & ExecOutput)
  | ({ readonly kind: 'signalled'; readonly signal: string } & ExecOutput)
  | ({ readonly kind: 'timed-out' } & ExecOutput)
  | ({ readonly kind: 'aborted' } & ExecOutput)
  /** The message is for people, such as "no such file". */
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string };

/** Runs processes. Tests have a fake one. */
export type Exec = (request: ExecRequest) => Promise<ExecResult>;

/** The process of a check by script: its stdin is empty, and its output is kept. */
export type ScriptRequest = Omit<ExecRequest, 'stdin' | 'onLine' | 'watchesChildren'>;

/** `lost`: by a fault of hfm's own the end of the process was not seen; it was killed. */
export type ScriptResult = ExecResult | { readonly kind: 'lost'; readonly message: string };

/** Runs the scripts of checks. Every `Exec` can. */
export type RunScript = (request: ScriptRequest) => Promise<ScriptResult>;
