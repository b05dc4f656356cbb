import { type DestinationStream, pino } from 'pino';
import { PauseQueue } from './pause-queue.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/** One line an event; fields are fixed names such as `backend`, `pool`, `table`, `from`, `to`. */
export interface Log {
  /** What every probe would say: made only where the log takes it. */
  debug(say: Say): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** What may come in thousands at once: made when it is written. It tells of what does not change. */
  later(level: LogSettings['level'], say: Say): void;
}

type Say = () => readonly [fields: LogFields, message: string];

/**
 * `text` is for syslog, which has a clock and a process of its own: `warning: lb1: up -> down (...)`.
 * `terminal` has both the time and the level: `15:04:05.123 warn  lb1: up -> down (...)`.
 */
export type LogFormat = 'text' | 'json' | 'terminal';

export interface LogSettings {
  readonly level: (typeof LEVELS)[number];
  readonly format: LogFormat;
}

/** A log on stdout, written in the pauses of other work, that can change its level and its format. */
export interface ProcessLog extends Log {
  set(settings: LogSettings): void;
  /** Resolves when what is buffered was written, or when its reader has had half a second. */
  flush(): Promise<void>;
}

const FLUSH_MS = 500;
/** Bytes that wait for a reader of stdout who does not read; more than that is dropped. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/** What is `pinned` stays as it is, whatever a configuration says later. */
export function createLog(settings: LogSettings, pinned: Partial<LogSettings>): ProcessLog {
  // With a least length of 0 its flush waits for nothing.
  const stdout = pino.destination({
    dest: 1,
    sync: false,
    minLength: 1,
    maxLength: MAX_BUFFERED_BYTES,
  });
  // A reader that went away (EPIPE) must not take the daemon with it.
  stdout.on('error', () => {});
  let { level, format } = { ...settings, ...pinned };
  const lines = new PauseQueue();
  /** When what is written now was said. */
  let atMs = 0;
  const destination: DestinationStream = {
    write: (line) => void stdout.write(format === 'json' ? line : formatLine(line, format)),
  };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(atMs).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  let taken = levelsFrom(level);
  const later = (one: LogSettings['level'], say: Say): void => {
    if (!taken.has(one)) return;
    const nowMs = Date.now();
    lines.add(() => {
      atMs = nowMs;
      logger[one](...say());
    });
  };
  const at = (one: LogSettings['level']) => (fields: LogFields, message: string) =>
    later(one, () => [fields, message]);
  const debug = at('debug');
  return {
    debug(say) {
      if (taken.has('debug')) debug(...say());
    },
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    later,
    set(next) {
      // What was said before is written as it would have been then.
      lines.drain();
      ({ level, format } = { ...next, ...pinned });
      logger.level = level;
      taken = levelsFrom(level);
    },
    flush: () =>
      new Promise((resolve) => {
        lines.drain();
        const timer = setTimeout(resolve, FLUSH_MS);
        stdout.flush(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** A set and not pino's own answer, in which V8 meets the first warning as something new. */
function levelsFrom(least: LogSettings['level']): ReadonlySet<LogSettings['level']> {
  return new Set(LEVELS.slice(LEVELS.indexOf(least)));
}

/** A line of pino's as one for people: the message, then `key=value` of what it does not say. */
export function formatLine(json: string, format: 'text' | 'terminal'): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  // The sentence of an event says all that its fields do.
  const shown = Object.entries(fields.event === undefined ? fields : {})
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => `${key}=${formatValue(value)}`);
  const body = printable([String(msg), ...shown].join('  '));
  if (format === 'text') return `${cut(`${PREFIXES[String(level)] ?? ''}${body}`)}\n`;
  return `${String(time).slice(11, 23)} ${String(level).padEnd(5)} ${body}\n`;
}

/** By syslog(3)'s names. Most lines are `info`, which goes without. */
const PREFIXES: Readonly<Record<string, string>> = {
  error: 'error: ',
  warn: 'warning: ',
  debug: 'debug: ',
};

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(',');
  if (typeof value === 'number') return String(Math.round(value * 10) / 10);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"]/.test(text) ? JSON.stringify(text) : text;
}

/** What a server or a script sent must neither end the line nor speak to the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trimEnd();
}

/** RFC 3164, 4.1: a syslog message has 1024 bytes, its time, host and tag included. */
const MAX_TEXT_BYTES = 900;

function cut(text: string): string {
  if (Buffer.byteLength(text) <= MAX_TEXT_BYTES) return text;
  const head = Buffer.from(text)
    .subarray(0, MAX_TEXT_BYTES - 3)
    .toString();
  // A character that was cut in two.
  return `${head.replace(/\uFFFD$/, '')}...`;
}
