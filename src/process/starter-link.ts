import { type ChildProcess, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { Clock, Timer } from '../sys/clock.ts';
import { refusalOf } from '../sys/program-file.ts';
import type { ScriptRequest, ScriptResult } from './exec.ts';
import { killGroup } from './follow-process.ts';
import { createWordDecoder, encodeOrder, type Order, type Word } from './starter-messages.ts';

export interface LinkDeps {
  readonly clock: Clock;
  /** argv of the starter. */
  readonly command: readonly string[];
  /** Called once, when the starter has ended or could not be started. */
  readonly onEnd: (why: string) => void;
  readonly answerMs: number;
}

interface Run {
  readonly program: string;
  readonly orderedMs: number;
  pid: number | null;
  /** When it was heard that the script runs. */
  begunMs: number | null;
  isAborted: boolean;
  settle(result: ScriptResult): void;
}

/** ld.so(1): else each process that the starter forks looks up anew the functions it needs up to exec(2). */
const BIND_ONCE = { LD_BIND_NOW: '1' };
/** The result is due this long after an abort at the latest. */
export const ANSWER_MS = 15;
/** As long after `timeoutMs`, which is only there in case that no abort comes. */
const LATE_MS = 1000;
/** A starter that owes an answer and has not said a word for this long hangs, and is killed. */
const HUNG_MS = 1000;
/** A script that began so late has not had its time: that it was not done by its deadline says nothing. */
const LATE_BEGIN_MS = 50;
/** One that has not begun a script for so long gets no more: they would only be later still. */
const BEHIND_MS = 100;
/** While scripts run, the starter is heard at least this often. */
const PING_MS = 100;
/** One that was heard this short ago was there to see the script end, if it had. */
const FRESH_MS = 250;

/** One process that starts scripts, as hfmd sees it. What it is told before it is ready waits. */
export class StarterLink {
  readonly #deps: LinkDeps;
  readonly #runs = new Map<number, Run>();
  /** Those that are not known to run yet, the oldest first. */
  readonly #unbegun = new Set<Run>();
  #child: ChildProcess | null = null;
  #orders: Writable | null = null;
  /** Orders that wait for the end of this go. */
  readonly #unsent: Buffer[] = [];
  #wasReady = false;
  /** Runs while the starter owes an answer. */
  #hungTimer: Timer | null = null;
  #pingTimer: Timer | null = null;
  #heardMs = Number.NEGATIVE_INFINITY;
  #lastId = 0;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
  }

  /** Whether it has ever said that it is there. */
  get wasReady(): boolean {
    return this.#wasReady;
  }

  /** Whether it may be given scripts: it owes no answer, or is late with one but was heard just now. */
  get isWell(): boolean {
    return this.#hungTimer === null || this.#isFresh;
  }

  /** Whether there is more to start than it gets done; what it is told before it is ready may wait. */
  get #isBehind(): boolean {
    const [oldest] = this.#unbegun;
    if (!this.#wasReady || oldest === undefined) return false;
    // By when it was heard last: while this process stood still itself, its words were not read.
    return this.#heardMs - oldest.orderedMs > BEHIND_MS;
  }

  get #isFresh(): boolean {
    return this.#deps.clock.monotonicMs() - this.#heardMs <= FRESH_MS;
  }

  open(): void {
    const [file = '', ...args] = this.#deps.command;
    // In a session of its own: what a terminal or rc.d sends to hfmd's group is not for it.
    const env = { ...process.env, ...BIND_ONCE };
    const child = spawn(file, args, { env, detached: true, stdio: ['pipe', 'pipe', 'inherit'] });
    this.#child = child;
    child.once('error', (error) => this.#end(error.message));
    // `close` and not `exit`: what it said before its end counts.
    child.once('close', (code, signal) =>
      this.#end(signal === null ? `exit ${code}` : `killed by ${signal}`),
    );
    // Without descriptors Node makes no pipes; `error` follows.
    this.#orders = child.stdin;
    // EPIPE: it has ended; `close` follows.
    child.stdin?.on('error', () => {});
    this.#listen(child.stdout);
  }

  /**
   * As `Exec`; the result comes in time whatever the starter does. Where it has not told what became
   * of a script, that is killed from here: `aborted` or `timed-out` when the starter was there to
   * see its end, else `lost`.
   */
  run(request: ScriptRequest): Promise<ScriptResult> {
    const { clock, answerMs } = this.#deps;
    const { signal, argv, env } = request;
    if (hasNul(argv) || hasNul(Object.values(env))) return Promise.resolve(HAS_NUL);
    if (signal?.aborted) return Promise.resolve({ kind: 'aborted', ...NO_OUTPUT, durationMs: 0 });
    if (this.#isBehind) return Promise.resolve(LATE);
    const id = ++this.#lastId;
    const startedMs = clock.monotonicMs();
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
        orderedMs: startedMs,
        pid: null,
        begunMs: null,
        isAborted: false,
        settle: (result) => {
          this.#runs.delete(id);
          this.#unbegun.delete(run);
          timer.cancel();
          signal?.removeEventListener('abort', onAbort);
          const durationMs = clock.monotonicMs() - startedMs;
          resolve('durationMs' in result ? { ...result, durationMs } : result);
        },
      };
      this.#runs.set(id, run);
      this.#unbegun.add(run);
      this.#send({ kind: 'run', id, run: request });
      this.#pingTimer ??= clock.after(PING_MS, () => this.#ping());
    });
  }

  /** Lets it end: it kills what still runs. One that may hang, or is not there yet, is killed. */
  close(): void {
    this.#flush();
    if (this.#wasReady && this.#hungTimer === null) this.#orders?.end();
    else this.#child?.kill('SIGKILL');
  }

  /** What is ordered in one go is written at once, so that it can be started together. */
  #send(order: Order): void {
    if (this.#unsent.push(encodeOrder(order)) === 1) queueMicrotask(() => this.#flush());
  }

  #flush(): void {
    const orders = Buffer.concat(this.#unsent.splice(0));
    if (orders.length > 0) this.#orders?.write(orders);
  }

  #listen(words: Readable | null): void {
    const decode = createWordDecoder((word) => this.#hear(word));
    words?.on('data', (chunk: Buffer) => {
      this.#heardMs = this.#deps.clock.monotonicMs();
      this.#hungTimer?.cancel();
      this.#hungTimer = null;
      decode(chunk);
    });
  }

  #hear(word: Word): void {
    if (word.kind === 'here') {
      this.#wasReady = true;
      return;
    }
    const run = this.#runs.get(word.id);
    if (run === undefined) return;
    switch (word.kind) {
      case 'pid':
        run.pid = word.pid;
        run.begunMs = this.#deps.clock.monotonicMs();
        this.#unbegun.delete(run);
        return;
      case 'refused': {
        const { code, why } = refusalOf(run.program, word.errno);
        run.settle({ kind: 'not-started', code, message: why });
        return;
      }
      case 'done':
        run.settle(isCutShort(run, word.result) ? LATE : word.result);
    }
  }

  #ping(): void {
    const { clock } = this.#deps;
    this.#pingTimer = null;
    if (this.#runs.size === 0) return;
    if (clock.monotonicMs() - this.#heardMs >= PING_MS) this.#send({ kind: 'ping' });
    this.#pingTimer = clock.after(PING_MS, () => this.#ping());
  }

  /** Timers run before reads: an answer that is there must still be read, however late we are. */
  #giveUp(id: number, kind: 'aborted' | 'timed-out'): void {
    setImmediate(() => {
      const run = this.#runs.get(id);
      if (run === undefined) return;
      const { clock } = this.#deps;
      this.#hungTimer ??= clock.after(HUNG_MS, () => this.#child?.kill('SIGKILL'));
      if (run.pid === null || !this.#isFresh) {
        lose(run, 'gives no answer');
        return;
      }
      killGroup(run.pid, 'SIGKILL');
      run.settle({ kind, ...NO_OUTPUT, truncated: true, durationMs: 0 });
    });
  }

  #end(why: string): void {
    if (this.#child === null) return;
    this.#child = null;
    this.#orders = null;
    this.#hungTimer?.cancel();
    this.#pingTimer?.cancel();
    for (const run of this.#runs.values()) lose(run, `ended: ${why}`);
    this.#deps.onEnd(why);
  }
}

function hasNul(texts: readonly string[]): boolean {
  return texts.some((text) => text.includes('\0'));
}

/** An argument ends at a NUL: the program would see another one than was meant. */
const HAS_NUL: ScriptResult = {
  kind: 'not-started',
  code: 'EINVAL',
  message: 'an argument or a variable has null bytes in it',
};

/** Whether it was ended by its deadline, after it had begun too late. */
function isCutShort({ orderedMs, begunMs, isAborted }: Run, { kind }: ScriptResult): boolean {
  if (!isAborted && kind !== 'timed-out') return false;
  return begunMs === null || begunMs - orderedMs > LATE_BEGIN_MS;
}

const LATE: ScriptResult = {
  kind: 'lost',
  message: 'the process that starts scripts was late with it',
};

const NO_OUTPUT = { stdout: '', stderr: '' };

/** Nobody has taken the number yet: a starter that hangs reaps nothing, and one that ended ran just now. */
function lose({ pid, settle }: Run, why: string): void {
  if (pid !== null) killGroup(pid, 'SIGKILL');
  settle({ kind: 'lost', message: `the process that starts scripts ${why}` });
}
