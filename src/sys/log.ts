import { type DestinationStream, pino } from 'pino';
import { PauseQueue } from './pause-queue.ts';

export type LogFields = Readonly<Record<string, unknown>>;

/** One line an event; fields have fixed names such as `backend`, `pool`, `table`, `from`, `to`. */
export interface Log {
  /** For lines of every probe: `entry` is called only when the level is `debug`. */
  debug(entry: LazyEntry): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
  /** For thousands of lines at once: `entry` is called when the line is written, not before. */
  later(level: LogSettings['level'], entry: LazyEntry): void;
}

type LazyEntry = () => readonly [fields: LogFields, message: string];

/**
 * `text` is for syslog, which adds the time: `warning: lb1: up -> down (...)`. `terminal` has the time
 * and the level: `15:04:05.123 warn  lb1: up -> down (...)`.
 */
export type LogFormat = 'text' | 'json' | 'terminal';

export interface LogSettings {
  readonly level: (typeof LEVELS)[number];
  readonly format: LogFormat;
}

/** The log on stdout, written in the pauses of other work. Its level and format can change. */
export interface ProcessLog extends Log {
  set(settings: LogSettings): void;
  /** A warning while lines are lost. */
  warnings(): readonly string[];
  /**
   * Writes what is left, for half a second at most, and writes nothing more after that. `stuck`: the
   * reader of stdout does not read, and the write that waits for it keeps `process.exit` from ending.
   */
  end(): Promise<'ended' | 'stuck'>;
}

const FLUSH_MS = 500;
/** Bytes that are kept while the reader of stdout does not read; more are dropped. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

/** `pinned` settings override `settings` and every later `set`. */
export function createLog(settings: LogSettings, pinned: Partial<LogSettings>): ProcessLog {
  // With minLength 0 the flush of pino's destination does not wait.
  const stdout = pino.destination({
    dest: 1,
    sync: false,
    minLength: 1,
    maxLength: MAX_BUFFERED_BYTES,
  });
  // hfmd must survive the end of its reader (EPIPE) and a full disk (ENOSPC).
  let failure: string | null = null;
  stdout.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code ?? error.message;
  });
  let isBehind = false;
  stdout.on('drop', () => {
    isBehind = true;
  });
  stdout.on('drain', () => {
    failure = null;
    isBehind = false;
  });
  let { level, format } = { ...settings, ...pinned };
  const lines = new PauseQueue();
  /** Wall time of the line that is being written: when it was logged. */
  let loggedAtMs = 0;
  const destination: DestinationStream = {
    write: (line) => void stdout.write(format === 'json' ? line : formatLine(line, format)),
  };
  const logger = pino(
    {
      level,
      base: null,
      timestamp: () => `,"time":"${new Date(loggedAtMs).toISOString()}"`,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  let enabled = levelsFrom(level);
  const later = (entryLevel: LogSettings['level'], entry: LazyEntry): void => {
    if (!enabled.has(entryLevel)) return;
    const nowMs = Date.now();
    lines.add(() => {
      loggedAtMs = nowMs;
      logger[entryLevel](...entry());
    });
  };
  const at = (entryLevel: LogSettings['level']) => (fields: LogFields, message: string) =>
    later(entryLevel, () => [fields, message]);
  const debug = at('debug');
  return {
    debug(entry) {
      if (enabled.has('debug')) debug(...entry());
    },
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    later,
    set(next) {
      // Earlier lines are written with the earlier settings.
      lines.drain();
      ({ level, format } = { ...next, ...pinned });
      logger.level = level;
      enabled = levelsFrom(level);
    },
    warnings() {
      if (failure !== null) return [`log lines are lost: stdout can't be written: ${failure}`];
      return isBehind ? ['log lines are lost: the reader of stdout does not read them'] : [];
    },
    async end() {
      lines.drain();
      const isWritten = await new Promise<boolean>((resolve) => {
        const timer = setTimeout(() => resolve(false), FLUSH_MS);
        // Its error says that a pipe can't be synced; a failed write is told by the event.
        stdout.flush(() => {
          clearTimeout(timer);
          resolve(true);
        });
      });
      // At exit pino would try again, without an end.
      if (!isWritten || failure !== null) stdout.destroy();
      return isWritten || failure !== null ? 'ended' : 'stuck';
    },
  };
}

const LEVELS = ['debug', 'info', 'warn', 'error'] as const;

/** A set instead of pino's `isLevelEnabled`: with that, V8 deoptimises at the first warning. */
function levelsFrom(least: LogSettings['level']): ReadonlySet<LogSettings['level']> {
  return new Set(LEVELS.slice(LEVELS.indexOf(least)));
}

/** Turns a JSON line of pino into a line for people: the message, then `key=value` of the fields. */
export function formatLine(json: string, format: 'text' | 'terminal'): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  // The message of an event includes its fields.
  const shown = Object.entries(fields.event === undefined ? fields : {})
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => `${key}=${formatValue(value)}`);
  const body = printable([String(msg), ...shown].join('  '));
  if (format === 'text') return `${cut(`${PREFIXES[String(level)] ?? ''}${body}`)}\n`;
  return `${String(time).slice(11, 23)} ${String(level).padEnd(5)} ${body}\n`;
}

/** The level names of syslog(3). Most lines are `info`, which has no prefix. */
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

/** Text of a server or a script must neither end the line nor control the terminal. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ').trimEnd();
}

/** RFC 3164, 4.1: a syslog message has at most 1024 bytes, which include time, host and tag. */
const MAX_TEXT_BYTES = 900;

function cut(text: string): string {
  if (Buffer.byteLength(text) <= MAX_TEXT_BYTES) return text;
  const head = Buffer.from(text)
    .subarray(0, MAX_TEXT_BYTES - 3)
    .toString();
  // The cut may have split a character, of which the decoder makes U+FFFD.
  return `${head.replace(/\uFFFD$/, '')}...`;
}
