import { type DestinationStream, pino } from 'pino';

export type LogFields = Readonly<Record<string, unknown>>;

/** One line an event; fields are fixed names such as `backend`, `pool`, `table`, `from`, `to`. */
export interface Log {
  debug(fields: LogFields, message: string): void;
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}

export interface LogOptions {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  /** Lines for people instead of JSON. */
  readonly readable: boolean;
  /** Whether the level stays as it is, whatever a configuration says later. */
  readonly pinned: boolean;
}

/** A log on stdout that can change its level. */
export interface ProcessLog extends Log {
  setLevel(level: LogOptions['level']): void;
  /** Resolves when what is buffered was written, or when its reader has had half a second. */
  flush(): Promise<void>;
}

const FLUSH_MS = 500;
/** Bytes that wait for a reader of stdout who does not read; more than that is dropped. */
const MAX_BUFFERED_BYTES = 4 * 1024 * 1024;

export function createLog({ level, readable, pinned }: LogOptions): ProcessLog {
  const stdout = pino.destination({ dest: 1, sync: false, maxLength: MAX_BUFFERED_BYTES });
  // A reader that went away (EPIPE) must not take the daemon with it.
  stdout.on('error', () => {});
  const destination: DestinationStream = readable
    ? { write: (line) => void stdout.write(formatLine(line)) }
    : stdout;
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    destination,
  );
  return {
    debug: (fields, message) => logger.debug(fields, message),
    info: (fields, message) => logger.info(fields, message),
    warn: (fields, message) => logger.warn(fields, message),
    error: (fields, message) => logger.error(fields, message),
    setLevel(next) {
      if (!pinned) logger.level = next;
    },
    flush: () =>
      new Promise((resolve) => {
        const timer = setTimeout(resolve, FLUSH_MS);
        stdout.flush(() => {
          clearTimeout(timer);
          resolve();
        });
      }),
  };
}

/** `15:04:05.123 warn  message  key=value ...` */
function formatLine(json: string): string {
  const { level, time, msg, ...fields } = JSON.parse(json) as Record<string, unknown>;
  const clock = String(time).slice(11, 23);
  // The sentence of an event says all that its fields do.
  const shown = Object.entries(fields.event === undefined ? fields : {})
    .filter(([, value]) => value !== null && value !== '')
    .map(([key, value]) => `${key}=${formatValue(value)}`);
  return `${[`${clock} ${String(level).padEnd(5)} ${String(msg)}`, ...shown].join('  ')}\n`;
}

function formatValue(value: unknown): string {
  if (Array.isArray(value)) return value.map(String).join(',');
  if (typeof value === 'number') return String(Math.round(value * 10) / 10);
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return /[\s"]/.test(text) ? JSON.stringify(text) : text;
}
