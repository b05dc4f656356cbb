import { constants } from 'node:os';
import type { ExecOutput, ExecResult, ScriptRequest } from './exec.ts';
import { createFrameDecoder, encodeFields, encodeFrame, type Field } from './field-frames.ts';

/** The argument with which hfmd becomes the process that starts scripts. */
export const STARTER_ARGUMENT = 'script-starter';

/** Without the signal: an abort is a request of its own. */
export type ScriptRun = Omit<ScriptRequest, 'signal'>;

/**
 * From hfmd to the starter. The fields of `run` are its id, the three bounds, the number of arguments,
 * the arguments, and the name and value of each variable.
 */
export type StarterRequest =
  | { readonly kind: 'run'; readonly id: number; readonly run: ScriptRun }
  | { readonly kind: 'abort'; readonly id: number }
  | { readonly kind: 'ping' };

type Ended = Exclude<ExecResult, { readonly kind: 'not-started' }>;

/**
 * From the starter to hfmd: it is ready (once at its start, and for each ping); a script runs; the
 * system refused to run it, with the number of errno(2); a script has ended. The receiver says how long
 * the script took.
 */
export type StarterReply =
  | { readonly kind: 'ready' }
  | { readonly kind: 'pid'; readonly id: number; readonly pid: number }
  | { readonly kind: 'refused'; readonly id: number; readonly errno: number }
  | { readonly kind: 'done'; readonly id: number; readonly result: Ended };

export function encodeRequest(request: StarterRequest): Buffer {
  switch (request.kind) {
    case 'ping':
      return encodeFrame(['ping']);
    case 'abort':
      return encodeFrame(['abort', request.id]);
    case 'run': {
      const { timeoutMs, interruptAfterMs = '', maxOutputBytes } = request.run;
      const bounds = [timeoutMs, interruptAfterMs, maxOutputBytes];
      return encodeFrame(['run', request.id, ...bounds], encodedTexts(request.run));
    }
  }
}

/** argv and environment, encoded once: each run of a check has the same objects and never changes them. */
function encodedTexts({ argv, env }: ScriptRun): Buffer {
  const known = ENCODED.get(env);
  if (known?.argv === argv) return known.bytes;
  const bytes = encodeFields([argv.length, ...argv, ...Object.entries(env).flat()]);
  ENCODED.set(env, { argv, bytes });
  return bytes;
}

const ENCODED = new WeakMap<ScriptRun['env'], { argv: ScriptRun['argv']; bytes: Buffer }>();

export function encodeReply(reply: StarterReply): Buffer {
  switch (reply.kind) {
    case 'ready':
      return encodeFrame(['ready']);
    case 'pid':
      return encodeFrame(['pid', reply.id, reply.pid]);
    case 'refused':
      return encodeFrame(['refused', reply.id, reply.errno]);
    case 'done': {
      const { result } = reply;
      const { left = '', truncated = false, droppedBytes = 0, stdout, stderr } = result;
      const ending = [result.kind, endingNumber(result), left, truncated ? 1 : 0, droppedBytes];
      return encodeFrame(['done', reply.id, ...ending, stdout, stderr]);
    }
  }
}

/** Decodes bytes as they come. Both ends are of one version and trust each other. */
export function createRequestDecoder(
  onRequest: (request: StarterRequest) => void,
): (chunk: Buffer) => void {
  return createFrameDecoder((fields) => onRequest(decodeRequest(fields.map(String))));
}

export function createReplyDecoder(
  onReply: (reply: StarterReply) => void,
): (chunk: Buffer) => void {
  return createFrameDecoder((fields) => onReply(decodeReply(fields)));
}

function decodeRequest([kind, id, ...rest]: string[]): StarterRequest {
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

function decodeReply(fields: readonly Buffer[]): StarterReply {
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
      // Leaves out a character that the bound cut in two.
      const text = (bytes: Buffer): string =>
        droppedBytes > 0 ? new TextDecoder().decode(bytes, { stream: true }) : UTF8.decode(bytes);
      // The fields that are always there come first: an object that begins with a spread gets hidden
      // classes of its own in V8.
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
      return { kind: 'ready' };
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

/** A system has signals that Node has no name for, such as the real-time ones. */
function signalName(number: number): string {
  const named = Object.entries(SIGNALS).find(([, one]) => one === number);
  return named?.[0] ?? `signal ${number}`;
}

/** The number of fields of `done` before its two texts. */
const ENDING_FIELDS = 7;

const EMPTY = Buffer.alloc(0);

/** For whole texts only, after which it holds no part of a character. */
const UTF8 = new TextDecoder();
