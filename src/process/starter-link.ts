import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Clock, Timer } from '../sys/clock.ts';
import { refusalOf } from '../sys/program-file.ts';
import type { ScriptRequest, ScriptResult } from './exec.ts';
import { killGroup } from './follow-process.ts';
import {
  createReplyDecoder,
  encodeRequest,
  type StarterReply,
  type StarterRequest,
} from './starter-messages.ts';

export interface LinkDeps {
  readonly clock: Clock;
  /** The argv of the starter. */
  readonly command: readonly string[];
  /** Called once, when the starter has ended or could not be started. */
  readonly onEnd: (why: string) => void;
  readonly answerMs: number;
}

interface Run {
  readonly program: string;
  readonly requestedMs: number;
  pid: number | null;
  /** When the starter reported that the script runs. */
  startedMs: number | null;
  isAborted: boolean;
  settle(result: ScriptResult): void;
}

/** ld.so(1): without it, each fork of the starter looks up the functions anew that it calls up to exec(2). */
const BIND_ONCE = { LD_BIND_NOW: '1' };
/** The latest time after an abort for the result, in milliseconds. */
export const ANSWER_MS = 15;
/** The same after `timeoutMs`, which only matters where no abort comes. */
const LATE_MS = 1000;
/** A starter that owes a reply and has sent nothing for this long hangs, and is killed. */
const HUNG_MS = 1000;
/** A script that started this late has not had its time: missing its deadline says nothing. */
const LATE_START_MS = 50;
/** A starter that has not started a script for this long gets no more: they would be later still. */
const BEHIND_MS = 100;
/** While scripts run, the starter is pinged if it has sent nothing for this long. */
const PING_MS = 100;
/** A starter that has sent something within this time would have seen the script end. */
const FRESH_MS = 250;

/** hfmd's end of one process that starts scripts. Requests before it is ready wait in its pipe. */
export class StarterLink {
  readonly #deps: LinkDeps;
  readonly #runs = new Map<number, Run>();
  /** Those that are not known to run yet, the oldest first. */
  readonly #notStarted = new Set<Run>();
  #child: ChildProcess | null = null;
  #requests: Writable | null = null;
  /** Requests of this turn of the microtask queue, written together. */
  readonly #unsent: Buffer[] = [];
  #wasReady = false;
  /** Runs while the starter owes a reply. */
  #hungTimer: Timer | null = null;
  #pingTimer: Timer | null = null;
  #lastReplyMs = Number.NEGATIVE_INFINITY;
  #lastId = 0;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
  }

  /** Whether it was ever ready. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** Whether it may get scripts: it owes no reply, or is late with one but has sent something just now. */
  get isResponsive(): boolean {
    return this.#hungTimer === null || this.#isFresh;
  }

  /** Whether it is too slow for its requests. Those from before it was ready may wait. */
  get #isBehind(): boolean {
    const [oldest] = this.#notStarted;
    if (!this.#wasReady || oldest === undefined) return false;
    // Up to its last reply: while hfmd itself was paused, it read no replies.
    return this.#lastReplyMs - oldest.requestedMs > BEHIND_MS;
  }

  get #isFresh(): boolean {
    return this.#deps.clock.monotonicMs() - this.#lastReplyMs <= FRESH_MS;
  }

  open(): void {
    const [file = '', ...args] = this.#deps.command;
    // In a session of its own: signals of a terminal or of rc.d to hfmd's group do not reach it.
    const env = { ...process.env, ...BIND_ONCE };
    const child = spawn(file, args, { env, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    child.once('error', (error) => this.#end(error.message));
    // `close` and not `exit`: its last replies count.
    child.once('close', (code, signal) =>
      this.#end(signal === null ? `exit ${code}` : `killed by ${signal}`),
    );
    // Without descriptors Node makes no pipes; `error` follows.
    this.#requests = child.stdin;
    // EPIPE: it has ended; `close` follows.
    child.stdin?.on('error', () => {});
    this.#listen(child.stdout);
  }

  /**
   * As `Exec`; the result comes in time whatever the starter does. Where the starter does not report
   * the end of a script, hfmd kills it. The result is `aborted` or `timed-out` when the starter would
   * have seen the script end, and `lost` otherwise.
   */
  run(request: ScriptRequest): Promise<ScriptResult> {
    const { clock, answerMs } = this.#deps;
    const { signal, argv, env } = request;
    if (hasNul(argv) || hasNul(Object.values(env))) return Promise.resolve(HAS_NUL);
    if (signal?.aborted) return Promise.resolve({ kind: 'aborted', ...NO_OUTPUT, durationMs: 0 });
    if (this.#isBehind) return Promise.resolve(LATE);
    const id = ++this.#lastId;
    const requestedMs = clock.monotonicMs();
    return new Promise((resolve) => {
      const onAbort = () => {
        run.isAborted = true;
        this.#send({ kind: 'abort', id });
        timer.cancel();
        timer = clock.after(answerMs, () => this.#giveUp(id, 'aborted'));
      };
      let timer = clock.after(request.timeoutMs + LATE_MS, () => this.#giveUp(id, 'timed-out'));
      signal?.addEventListener('abort', onAbort, { once: true });
      const run: Run = {
        program: argv[0] ?? '',
        requestedMs,
        pid: null,
        startedMs: null,
        isAborted: false,
        settle: (result) => {
          this.#runs.delete(id);
          this.#notStarted.delete(run);
          timer.cancel();
          signal?.removeEventListener('abort', onAbort);
          const durationMs = clock.monotonicMs() - requestedMs;
          resolve('durationMs' in result ? { ...result, durationMs } : result);
        },
      };
      this.#runs.set(id, run);
      this.#notStarted.add(run);
      this.#send({ kind: 'run', id, run: request });
      this.#pingTimer ??= clock.after(PING_MS, () => this.#ping());
    });
  }

  /** Ends the starter, which kills its scripts. One that may hang, or is not ready yet, is killed. */
  close(): void {
    this.#flush();
    if (this.#wasReady && this.#hungTimer === null) this.#requests?.end();
    else this.#child?.kill('SIGKILL');
  }

  /** Requests of one turn are written together, so that the starter can start the scripts together. */
  #send(request: StarterRequest): void {
    if (this.#unsent.push(encodeRequest(request)) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const requests = Buffer.concat(this.#unsent.splice(0));
    if (requests.length > 0) this.#requests?.write(requests);
  }

  #listen(replies: Readable | null): void {
    const decode = createReplyDecoder((reply) => this.#onReply(reply));
    replies?.on('data', (chunk: Buffer) => {
      this.#lastReplyMs = this.#deps.clock.monotonicMs();
      this.#hungTimer?.cancel();
      this.#hungTimer = null;
      decode(chunk);
    });
  }

  #onReply(reply: StarterReply): void {
    if (reply.kind === 'ready') {
      this.#wasReady = true;
      return;
    }
    const run = this.#runs.get(reply.id);
    if (run === undefined) return;
    switch (reply.kind) {
      case 'pid':
        run.pid = reply.pid;
        run.startedMs = this.#deps.clock.monotonicMs();
        this.#notStarted.delete(run);
        return;
      case 'refused': {
        const { code, why } = refusalOf(run.program, reply.errno);
        run.settle({ kind: 'not-started', code, message: why });
        return;
      }
      case 'done':
        run.settle(isCutShort(run, reply.result) ? LATE : reply.result);
    }
  }

  #ping(): void {
    const { clock } = this.#deps;
    this.#pingTimer = null;
    if (this.#runs.size === 0) return;
    if (clock.monotonicMs() - this.#lastReplyMs >= PING_MS) this.#send({ kind: 'ping' });
    this.#pingTimer = clock.after(PING_MS, () => this.#ping());
  }

  /** Timers run before reads: a reply that is there must still be read, however late hfmd is. */
  #giveUp(id: number, kind: 'aborted' | 'timed-out'): void {
    setImmediate(() => {
      const run = this.#runs.get(id);
      if (run === undefined) return;
      const { clock } = this.#deps;
      this.#hungTimer ??= clock.after(HUNG_MS, () => this.#child?.kill('SIGKILL'));
      if (run.pid === null || !this.#isFresh) {
        settleAsLost(run, 'gives no answer');
        return;
      }
      killGroup(run.pid, 'SIGKILL');
      run.settle({ kind, ...NO_OUTPUT, truncated: true, durationMs: 0 });
    });
  }

  #end(why: string): void {
    if (this.#child === null) return;
    this.#child = null;
    this.#requests = null;
    this.#hungTimer?.cancel();
    this.#pingTimer?.cancel();
    for (const run of this.#runs.values()) settleAsLost(run, `ended: ${why}`);
    this.#deps.onEnd(why);
  }
}

function hasNul(texts: readonly string[]): boolean {
  return texts.some((text) => text.includes('\0'));
}

/** An argument ends at a NUL: the program would see another argument than the configured one. */
const HAS_NUL: ScriptResult = {
  kind: 'not-started',
  code: 'EINVAL',
  message: 'an argument or a variable has null bytes in it',
};

/** Whether its deadline ended it after it had started too late. */
function isCutShort({ requestedMs, startedMs, isAborted }: Run, { kind }: ScriptResult): boolean {
  if (!isAborted && kind !== 'timed-out') return false;
  return startedMs === null || startedMs - requestedMs > LATE_START_MS;
}

const LATE: ScriptResult = {
  kind: 'lost',
  message: 'the process that starts scripts was late with it',
};

const NO_OUTPUT = { stdout: '', stderr: '' };

/** No other process has the pid yet: a starter that hangs reaps nothing, and one that ended ran just now. */
function settleAsLost({ pid, settle }: Run, why: string): void {
  if (pid !== null) killGroup(pid, 'SIGKILL');
  settle({ kind: 'lost', message: `the process that starts scripts ${why}` });
}
