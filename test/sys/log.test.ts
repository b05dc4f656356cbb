import { describe, expect, test } from 'vitest';
import { formatLine, type LogFormat } from '../../src/sys/log.ts';

function line(
  level: string,
  msg: string,
  fields: Record<string, unknown> = {},
  format: Exclude<LogFormat, 'json'> = 'text',
): string {
  return formatLine(
    JSON.stringify({ level, time: '2026-11-20T16:50:01.269Z', ...fields, msg }),
    format,
  );
}

describe('a text line', () => {
  test.each([
    ['error', 'error: web <web>: not proven'],
    ['warn', 'warning: web <web>: not proven'],
    ['info', 'web <web>: not proven'],
    ['debug', 'debug: web <web>: not proven'],
  ])('of level %s is "%s", without a time', (level, text) => {
    expect(line(level, 'web <web>: not proven')).toBe(`${text}\n`);
  });

  test('has the fields after the message', () => {
    const fields = { file: '/var/db/hfm/state.json', error: 'no space', none: null, ms: 1.26 };
    expect(line('error', 'state file can not be written', fields)).toBe(
      'error: state file can not be written  file=/var/db/hfm/state.json  error="no space"  ms=1.3\n',
    );
  });

  test('of an event is only its message', () => {
    expect(line('info', 'lb1: down -> up', { event: 'health', backend: 'lb1' })).toBe(
      'lb1: down -> up\n',
    );
  });

  test.each([
    ['lb1: up -> down\nerror: forged', 'lb1: up -> down error: forged\n'],
    ['lb1: \u001b[31mred\u0007\u009b2J', 'lb1:  [31mred 2J\n'],
    ['lb1: one\u2028two\r\nthree\u202e', 'lb1: one two three\n'],
  ])('stays one line without control characters: %j', (message, text) => {
    expect(line('info', message)).toBe(text);
    expect(line('info', 'x', { said: message })).toMatch(/^x {2}said=[^\p{Cc}]*\n$/u);
    expect(line('info', message, {}, 'terminal')).toBe(`16:50:01.269 info  ${text}`);
  });

  test.each(['a', 'ä', '€', '𝄞'])(
    'of many %s is cut to fit a syslog message, and ends with "..."',
    (one) => {
      const text = line('warn', `web <web>: added ${one.repeat(2000)}`);
      expect(Buffer.byteLength(text)).toBeLessThanOrEqual(901);
      expect(Buffer.byteLength(text)).toBeGreaterThan(890);
      expect(text).toMatch(/^warning: web <web>: added .*\.\.\.\n$/u);
      expect(text).not.toContain('\uFFFD');
    },
  );
});

test('a line for a terminal has time and level, and is not cut', () => {
  expect(line('warn', 'lb1: up -> down', {}, 'terminal')).toBe(
    '16:50:01.269 warn  lb1: up -> down\n',
  );
  expect(line('info', 'a'.repeat(5000), {}, 'terminal')).toHaveLength(5020);
});
