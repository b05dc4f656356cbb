import type { LogFields, ProcessLog } from '../../src/sys/log.ts';

interface LogLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly fields: LogFields;
  readonly message: string;
}

/** A log that keeps every line. */
export interface RecordingLog extends ProcessLog {
  readonly lines: readonly LogLine[];
}

export function createRecordingLog(): RecordingLog {
  const lines: LogLine[] = [];
  const write =
    (level: LogLine['level']) =>
    (fields: LogFields, message: string): void => {
      lines.push({ level, fields, message });
    };
  return {
    lines,
    debug: (line) => write('debug')(...line()),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    later: (level, line) => write(level)(...line()),
    set() {},
    warnings: () => [],
    end: () => Promise.resolve('ended'),
  };
}
