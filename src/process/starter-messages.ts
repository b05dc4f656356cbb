import { constants } from 'node:os';
import type { ExecOutput, ExecResult, ScriptRequest } from './exec.ts';
import { createFrameDecoder, encodeFields, encodeFrame, type Field } from './field-frames.ts';

/** What hfmd is run with to be the process that starts scripts. */
export const STARTER_ARGUMENT = 'script-starter';

/** The signal does not travel: an abort is an order of its own. */
export type BareRequest = Omit<ScriptRequest, 'signal'>;

/**
 * To the starter. The fields of `run` are its id, the three bounds, the number of arguments, these, and
 * of each variable its name and its value.
 */
export type Order =
  | { readonly kind: 'run'; readonly id: number; readonly run: BareRequest }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'ping' };

type Ended = Exclude<ExecResult, { readonly kind: 'not-started' }>;

/**
 * From the starter: that it is there, also when it is pinged; that a script runs; that the system
 * refused to run it, with the number of errno(2); what became of it. How long that took is for the
 * receiver to say.
 */
export type Word =
  | { readonly kind: 'here' }
  | { readonly kind: 'pid'; readonly id: number; readonly pid: number }
  | { readonly kind: 'refused'; readonly id: number; readonly errno: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: Ended };

export function encodeOrder(order: Order): Buffer {
  switch (order.kind) {
    case 'ping':
      return encodeFrame(['ping']);
    case 'abort':
      return encodeFrame(['abort', order.id]);
    case 'run': {
      const { timeoutMs, interruptAfterMs = '', maxOutputBytes } = order.run;
      const bounds = [timeoutMs, interruptAfterMs, maxOutputBytes];
      return encodeFrame(['run', order.id, ...bounds], encodedTexts(order.run));
    }
  }
}

/** Of argv and environment: a check has the same objects each time that it is run, and never changes them. */
function encodedTexts({ argv, env }: BareRequest): Buffer {
  const known = ENCODED.get(env);
  if (known?.argv === argv) return known.bytes;
  const bytes = encodeFields([argv.length, ...argv, ...Object.entries(env).flat()]);
  ENCODED.set(env, { argv, bytes });
  return bytes;
}

const ENCODED = new WeakMap<BareRequest['env'], { argv: BareRequest['argv']; bytes: Buffer }>();

export function encodeWord(word: Word): Buffer {
  switch (word.kind) {
    case 'here':
      return encodeFrame(['here']);
    case 'pid':
      return encodeFrame(['pid', word.id, word.pid]);
    case 'refused':
      return encodeFrame(['refused', word.id, word.errno]);
    case 'done': {
      const { result } = word;
      const { left = '', truncated = false, droppedBytes = 0, stdout, stderr } = result;
      const ending = [result.kind, endingNumber(result), left, truncated ? 1 : 0, droppedBytes];
      return encodeFrame(['done', word.id, ...ending, stdout, stderr]);
    }
  }
}

/** Takes bytes as they come and hands out the messages; both ends are of one version and trust another. */
export function createOrderDecoder(onOrder: (order: Order) => void): (chunk: Buffer) => void {
  return createFrameDecoder((fields) => onOrder(orderOf(fields.map(String))));
}

export function createWordDecoder(onWord: (word: Word) => void): (chunk: Buffer) => void {
  return createFrameDecoder((fields) => onWord(wordOf(fields)));
}

function orderOf([kind, id, ...rest]: string[]): Order {
  if (kind === 'ping') return { kind };
  if (kind === 'abort') return { kind, id: Number(id) };
  const [timeoutMs, interruptAfterMs, maxOutputBytes, count, ...texts] = rest;
  const argv = texts.splice(0, Number(count));
  const variables = texts.flatMap((name, i) => (i % 2 === 0 ? [[name, texts[i + 1] ?? '']] : []));
  const run = {
    argv,
    env: Object.fromEntries(variables),
    timeoutMs: Number(timeoutMs),
    ...(interruptAfterMs === '' ? {} : { interruptAfterMs: Number(interruptAfterMs) }),
    maxOutputBytes: Number(maxOutputBytes),
  };
  return { kind: 'run', id: Number(id), run };
}

function wordOf(fields: readonly Buffer[]): Word {
  const [stdout = EMPTY, stderr = EMPTY] = fields.slice(ENDING_FIELDS);
  const [kind, id, one, ...rest] = fields.slice(0, ENDING_FIELDS).map(String);
  switch (kind) {
    case 'pid':
      return { kind, id: Number(id), pid: Number(one) };
    case 'refused':
      return { kind, id: Number(id), errno: Number(one) };
    case 'done': {
      const [number, left, isTruncated, dropped] = rest;
      const droppedBytes = Number(dropped);
      // A character that the bound cut in two is left out.
      const text = (bytes: Buffer): string =>
        droppedBytes > 0 ? new TextDecoder().decode(bytes, { stream: true }) : UTF8.decode(bytes);
      // What is always there first: what begins with a copy gets hidden classes of its own in V8.
      const output: ExecOutput = {
        stdout: text(stdout),
        stderr: text(stderr),
        durationMs: 0,
        ...(isTruncated === '1' ? { truncated: true } : {}),
        ...(left === 'killed' || left === 'out-of-reach' ? { left } : {}),
        ...(droppedBytes === 0 ? {} : { droppedBytes }),
      };
      return { kind, id: Number(id), result: resultOf(one, Number(number), output) };
    }
    default:
      return { kind: 'here' };
  }
}

function endingNumber(result: Ended): Field {
  if (result.kind === 'exited') return result.code;
  if (result.kind === 'signalled') return SIGNALS[result.signal] ?? 0;
  return '';
}

function resultOf(kind: string | undefined, number: number, output: ExecOutput): Ended {
  switch (kind) {
    case 'exited':
      return { kind, code: number, ...output };
    case 'signalled':
      return { kind, signal: signalName(number), ...output };
    case 'aborted':
      return { kind, ...output };
    default:
      return { kind: 'timed-out', ...output };
  }
}

const SIGNALS: Readonly<Record<string, number>> = constants.signals;

/** Systems have signals that Node has no name for, such as those of real time. */
function signalName(number: number): string {
  const named = Object.entries(SIGNALS).find(([, one]) => one === number);
  return named?.[0] ?? `signal ${number}`;
}

/** Of `done`, before its two texts. */
const ENDING_FIELDS = 7;

const EMPTY = Buffer.alloc(0);

/** For whole texts, which leave nothing behind in it. */
const UTF8 = new TextDecoder();
