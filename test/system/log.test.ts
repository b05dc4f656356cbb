import { spawnSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';

const LOG = new URL('../../dist/src/sys/log.js', import.meta.url).pathname;

/** What is printed by a program that uses `log` and then ends as hfmd does. */
function printed(program: string): string {
  const script = `import { createLog } from ${JSON.stringify(LOG)};
    const log = createLog({ level: 'info', format: 'text' }, {});
    ${program}
    await log.end();
    process.exit(0);`;
  const { stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
  });
  expect(stderr).toBe('');
  return stdout;
}

describe('a log line before the end of the process', () => {
  test('is written, all lines in order', () => {
    const lines = Array.from({ length: 50 }, (_, i) => `line ${i}\n`);
    for (let run = 0; run < 30; run++) {
      expect(printed('for (let i = 0; i < 50; i++) log.info({}, "line " + i);')).toBe(
        lines.join(''),
      );
    }
  });

  test('is written in the format that was set when it was logged', () => {
    const program = `log.info({ event: 'table' }, 'added');
      log.set({ level: 'warn', format: 'json' });
      log.info({}, 'not to be logged');
      log.warn({}, 'in JSON');`;
    expect(printed(program)).toMatch(/^added\n\{"level":"warn",.*"msg":"in JSON"\}\n$/);
  });

  test('is written if the level that was set last includes it', () => {
    const program = `log.debug(() => [{}, 'not to be logged']);
      log.set({ level: 'debug', format: 'text' });
      log.debug(() => [{}, 'each probe']);
      log.set({ level: 'error', format: 'text' });
      log.warn({}, 'not to be logged');`;
    expect(printed(program)).toBe('debug: each probe\n');
  });
});
