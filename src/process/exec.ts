import type { AbortNotice } from '../sys/abort.ts';

/** One process to run: argv, the whole environment, and every bound on it. */
export interface ExecRequest {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Text for stdin; without it stdin is empty. */
  readonly stdin?: string;
  /** At this many milliseconds the whole process group gets SIGKILL and the result is `timed-out`. */
  readonly timeoutMs: number;
  /** At this many milliseconds the process group gets SIGINT first. */
  readonly interruptAfterMs?: number;
  /** Bytes kept of each of stdout and stderr; the rest is read and thrown away. */
  readonly maxOutputBytes: number;
  /** Kills the process group at once; the result is `aborted`. */
  readonly signal?: AbortNotice;
  /** Also sees children that closed stdout and stderr, by a descriptor that they are likely to keep. */
  readonly watchesChildren?: true;
  /** Gets each line of stdout as it comes; stdout is not kept then, however long it is. */
  readonly onLine?: (line: string) => void;
}

export interface ExecOutput {
  readonly stdout: string;
  readonly stderr: string;
  readonly durationMs: number;
  /** Set when a pipe was still open at the end, so that output may be missing. */
  readonly truncated?: true;
  /**
   * Set when processes of its own lived on when it had ended: in its group, which was killed, or out
   * of reach, as another user or in another session, with its pipes still open.
   */
  readonly left?: 'killed' | 'out-of-reach';
  /** Bytes of both that came beyond `maxOutputBytes`, where there were any. */
  readonly droppedBytes?: number;
}

/** Never an exception: what became of the process. */
export type ExecResult =
  | ({ readonly kind: 'exited'; readonly code: number } & ExecOutput)
  | ({ readonly kind: 'signalled'; readonly signal: string } & ExecOutput)
  | ({ readonly kind: 'timed-out' } & ExecOutput)
  | ({ readonly kind: 'aborted' } & ExecOutput)
  /** The message is in words, such as "no such file". */
  | { readonly kind: 'not-started'; readonly code: string; readonly message: string };

/** Runs processes. The fake of tests answers from a script. */
export type Exec = (request: ExecRequest) => Promise<ExecResult>;

/** What a check by script needs of a process: it reads nothing, and its output is kept. */
export type ScriptRequest = Omit<ExecRequest, 'stdin' | 'onLine' | 'watchesChildren'>;

/** `lost`: by a fault of our own nobody saw what became of the process; it was killed. */
export type ScriptResult = ExecResult | { readonly kind: 'lost'; readonly message: string };

/** Runs the scripts of checks; every `Exec` can. */
export type RunScript = (request: ScriptRequest) => Promise<ScriptResult>;
